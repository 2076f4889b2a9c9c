import java.util.HexFormat;
import javax.smartcardio.*;

public class Smartcard {
    public static void main(String[] arguments) throws Exception {
        CardTerminal terminal = TerminalFactory.getDefault().terminals().list().get(0);
        System.out.println(terminal.getName());
        Card card = terminal.connect("*");
        System.out.println(HexFormat.of().formatHex(card.getATR().getBytes()));
        card.beginExclusive();
        CardChannel channel = card.getBasicChannel();
        for (String command : arguments) {
            ResponseAPDU response = channel.transmit(new CommandAPDU(HexFormat.of().parseHex(command)));
            System.out.println(HexFormat.of().formatHex(response.getBytes()));
        }
        card.endExclusive();
        card.disconnect(true);
    }
}
