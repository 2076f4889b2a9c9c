import eu.europa.esig.dss.cades.CAdESSignatureParameters;
import eu.europa.esig.dss.cades.signature.CAdESService;
import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.enumerations.SignaturePackaging;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.pades.PAdESSignatureParameters;
import eu.europa.esig.dss.pades.signature.PAdESService;
import eu.europa.esig.dss.signature.DocumentSignatureService;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.token.Pkcs12SignatureToken;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import java.io.File;
import java.security.KeyStore.PasswordProtection;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Scanner;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Signs and validates at the time of the first argument, without network. The other arguments are files: trusted
 * certificates (.crt), lists of revoked ones (.crl), and the signer (.p12, with the password "dss").
 * Lines of the input: "pdf FILE OUTPUT", "cms FILE OUTPUT" and "around FILE OUTPUT" sign; "validate FILE [CONTENT]"
 * prints each signature of FILE as a line of JSON, or one line if DSS cannot read FILE.
 */
public class Dss {
    static Date now;
    static CommonCertificateVerifier verifier = new CommonCertificateVerifier(true);
    static Pkcs12SignatureToken signer;

    public static void main(String[] arguments) throws Exception {
        now = Date.from(Instant.parse(arguments[0]));
        var trusted = new CommonTrustedCertificateSource();
        files(arguments, ".crt").forEach(name -> trusted.addCertificate(DSSUtils.loadCertificate(new File(name))));
        verifier.setTrustedCertSources(trusted);
        var lists = files(arguments, ".crl").map(FileDocument::new).toArray(DSSDocument[]::new);
        verifier.setCrlSource(new ExternalResourcesCRLSource(lists));
        signer = new Pkcs12SignatureToken(files(arguments, ".p12").findFirst().orElseThrow(),
            new PasswordProtection("dss".toCharArray()));
        for (var input = new Scanner(System.in); input.hasNextLine();) {
            String[] words = input.nextLine().split(" ");
            switch (words[0]) {
                case "pdf" -> sign(words, new PAdESService(verifier), new PAdESSignatureParameters(),
                    SignatureLevel.PAdES_BASELINE_B, SignaturePackaging.ENVELOPED);
                case "cms" -> sign(words, new CAdESService(verifier), new CAdESSignatureParameters(),
                    SignatureLevel.CAdES_BASELINE_B, SignaturePackaging.DETACHED);
                case "around" -> sign(words, new CAdESService(verifier), new CAdESSignatureParameters(),
                    SignatureLevel.CAdES_BASELINE_B, SignaturePackaging.ENVELOPING);
                default -> validate(words);
            }
        }
    }

    static Stream<String> files(String[] arguments, String suffix) {
        return Stream.of(arguments).filter(argument -> argument.endsWith(suffix));
    }

    static <P extends CAdESSignatureParameters> void sign(String[] words, DocumentSignatureService<P, ?> service,
            P parameters, SignatureLevel level, SignaturePackaging packaging) throws Exception {
        var document = new FileDocument(words[1]);
        var key = signer.getKeys().get(0);
        parameters.setSignatureLevel(level);
        parameters.setSignaturePackaging(packaging);
        parameters.setSigningCertificate(key.getCertificate());
        parameters.bLevel().setSigningDate(now);
        var value = signer.sign(service.getDataToSign(document, parameters), parameters.getDigestAlgorithm(), key);
        service.signDocument(document, parameters, value).save(words[2]);
    }

    static void validate(String[] words) {
        try {
            var validator = SignedDocumentValidator.fromDocument(new FileDocument(words[1]));
            validator.setCertificateVerifier(verifier);
            validator.setValidationTime(now);
            if (words.length > 2) {
                validator.setDetachedContents(List.of(new FileDocument(words[2])));
            }
            var reports = validator.validateDocument();
            var report = reports.getSimpleReport();
            for (var signature : reports.getDiagnosticData().getSignatures()) {
                String id = signature.getId();
                var reason = report.getSubIndication(id);
                boolean warns = report.getAdESValidationWarnings(id).stream()
                    .anyMatch(warning -> warning.getKey().startsWith("BBB_FC_"));  // its checks of the format
                print(words[1], report.getIndication(id), reason == null ? "" : reason, signature.getSignatureFormat(),
                    signature.isSignatureIntact(), warns, changes(signature), field(signature));
            }
        } catch (RuntimeException error) {
            print(words[1], "REFUSED", error.getClass().getSimpleName(), "", false, false, "", "");
        }
    }

    static void print(Object... values) {
        System.out.printf("{\"file\": \"%s\", \"indication\": \"%s\", \"reason\": \"%s\", \"format\": \"%s\", "
            + "\"intact\": %s, \"warns\": %s, \"changes\": [%s], \"field\": \"%s\"}%n", values);
    }

    static String field(SignatureWrapper signature) {
        return signature.getPDFRevision() == null ? "" : signature.getFirstFieldName();
    }

    /** The kinds of changes that DSS saw in a PDF file after the signature. */
    static String changes(SignatureWrapper signature) {
        return Stream.of(
            named("pages", signature.getPdfPageDifferenceConcernedPages()),
            named("overlapping annotations", signature.getPdfAnnotationsOverlapConcernedPages()),
            named("visual difference", signature.getPdfVisualDifferenceConcernedPages()),
            named("extensions", signature.getPdfExtensionChanges()),
            named("signatures or forms", signature.getPdfSignatureOrFormFillChanges()),
            named("annotations", signature.getPdfAnnotationChanges()),
            named("undefined", signature.getPdfUndefinedChanges())
        ).flatMap(name -> name).collect(Collectors.joining(", "));
    }

    static Stream<String> named(String name, List<?> changes) {
        return changes.isEmpty() ? Stream.of() : Stream.of("\"" + name + "\"");
    }
}
