"""The commands: each is a module here, which holds it under its own name; and what they are for."""

from __future__ import annotations

from typing import Final

from mynacard.texts import N_

__all__ = ["HELP"]

HELP: Final = {
    "apdu": N_("Send command APDUs, each in hexadecimal, and print the answers. Refuses commands that hold a PIN."),
    "apply": N_("Make applications to a receiving system: fill in, check, sign, submit, follow."),
    "authenticate": N_("Answer a login challenge with the user-authentication key, and print the Web eID 1.0 token."),
    "bench": N_(
        "Measure how fast your card is on your reader: opening it, asking for the status of a PIN, reading "
        "the user-authentication certificate. Asks for a PIN only with --signature."
    ),
    "cert": N_("Show or export the certificates on the card."),
    "completion": N_(
        "Print the script that completes commands and options in a shell. In ~/.bashrc or ~/.zshrc: eval "
        '"$(mynacard completion bash)", or zsh. For fish, write it to '
        "~/.config/fish/completions/mynacard.fish."
    ),
    "demo": N_(
        "Show the main job on a simulated card: find it, verify PINs, read certificates, sign, check the signature."
    ),
    "doctor": N_(
        "Examine the PC/SC library and service, readers and cards; report what is wrong and how to mend it. "
        "Asks for no PIN. Exits with 72 if there is a problem."
    ),
    "info": N_(
        "Show which card it is, and what is on it: applications, certificates and their CAs, last days of "
        "certificates and card, tries left. Asks for no PIN."
    ),
    "personal": N_(
        "Show what the card says about its holder. The card is checked first: if it is not genuine, nothing "
        "is shown, and the command exits with 70. It exits with 71 if too little could be checked."
    ),
    "pin": N_("Show how many tries are left, check a PIN, or change one."),
    "readers": N_(
        "List the readers, and whether each has a card, as readers list does. Or check how well a reader works."
    ),
    "register": N_("Register with a receiver. Both keys answer its challenge, so both PINs are needed."),
    "residence": N_(
        "Read and check the residence card (在留カード) or special permanent resident certificate (特別永住者証明書)."
    ),
    "sign": N_("Sign files with the digital-signature key: one signature each, made on the card after one PIN entry."),
    "sim": N_("Make simulated cards, look at them, put them into virtual readers."),
    "timestamp": N_(
        "Add a time stamp to the CMS signature in FILE, or to the last signature of a PDF file. The latter "
        "must have been signed with --timestamp-url, which leaves room for it."
    ),
    "trace": N_("Show a recording that --record made, or convert it for Wireshark."),
    "verify": N_(
        "Check SIGNATURE (CMS, or raw with --certificate) of FILE. Without SIGNATURE, check the signature "
        "that FILE itself is, or every signature in a PDF file. Exits with 0 only if everything was checked "
        "and is good, with 70 if something is bad, with 71 if something was not checked (revocation, without "
        "--crl or --ocsp)."
    ),
    "webeid": N_("Let web pages use the card through the browser's Web eID extension, and say which pages may sign."),
}
"""The help of each command. It stands here, for listing the commands loads none of them."""
