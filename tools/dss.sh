# Fetches the European Commission's DSS, before which `make thorough` holds signatures, from Maven Central into build/dss.
# Asks the network for nothing unless tests/rig/dss/pom.xml, which names the versions, has changed since.
set -eu
pom=tests/rig/dss/pom.xml
state=$(cksum "$pom")
if [ -f build/dss/.fetched ] && [ "$state" = "$(cat build/dss/.fetched)" ]; then
    exit 0
fi
if ! command -v mvn >/dev/null; then
    echo "Tests with DSS need Maven, the Debian package maven." >&2
    exit 0
fi
rm -rf build/dss
mkdir -p build/dss
if mvn --batch-mode --strict-checksums --file "$pom" -Dmaven.repo.local=build/dss/maven dependency:copy-dependencies \
    >build/dss/maven.log 2>&1
then
    rm -r build/dss/maven
    printf '%s\n' "$state" >build/dss/.fetched
else
    echo "DSS could not be fetched; build/dss/maven.log says why." >&2
fi
