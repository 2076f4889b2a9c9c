"""Applications, classes and instructions, SELECT, READ BINARY, READ RECORD, as cards were found to have them."""

from __future__ import annotations

import pytest

from tests.conformance.card.conversation import DONE, NAMES, Conversation

statement = pytest.mark.statement

ABSENT = bytes(10)
CERTIFICATE = 0x000A
LABEL = b"JPKIAPICCTOKEN2"
FOREIGN_AID = "A0000000030000"


# --- applications ------------------------------------------------------------------------------------


@statement("select-jpki")
def test_jpki_has_its_name(card: Conversation) -> None:
    assert card.sw("00A4040C0A D392F000260100000001") == DONE


@statement("select-text")
def test_text_has_its_name(card: Conversation) -> None:
    assert card.sw("00A4040C0A D3921000310001010408") == DONE


@statement("select-card-face")
def test_the_card_face_has_its_name(card: Conversation) -> None:
    assert card.sw("00A4040C0A D3921000310001010402") == DONE


@statement("select-resident-register")
def test_the_resident_register_has_its_name(card: Conversation) -> None:
    assert card.sw("00A4040C0A D3921000310001010401") == DONE


@statement("select-common")
def test_the_common_application_has_its_name(card: Conversation) -> None:
    assert card.sw("00A4040C0A D3921000310001010100") == DONE


@statement("select-issuer-domain")
def test_the_issuer_domain_has_its_name(card: Conversation) -> None:
    card.select("jpki")
    assert card.sw("00A4040C07 A0000001510000") == DONE


@statement("issuer-domain-after-power-on")
def test_power_on_makes_the_issuer_domain_current(card: Conversation) -> None:
    card.select("jpki")
    card.power_cycle()
    after_power_on = card("00CA004200")
    card.select("issuer")
    assert after_power_on == card("00CA004200")
    assert after_power_on.sw == DONE


# --- classes and instructions ------------------------------------------------------------------------


@statement("other-logical-channel")
def test_there_is_one_logical_channel(card: Conversation) -> None:
    card.select("jpki")
    assert card.sw("01B08A0000") == "6881"


@statement("unknown-class")
def test_an_unknown_class_is_no_class(card: Conversation) -> None:
    assert card.sw("B0A40000") == "6E00"


@statement("unknown-instruction")
def test_an_unknown_instruction_is_none(card: Conversation) -> None:
    assert card.sw("00EE0000") == "6D00"


@statement("secure-select-without-session")
def test_select_is_not_secure_without_a_session(card: Conversation) -> None:
    card.select("jpki")
    for cla in ("08", "0C"):
        assert card.sw(f"{cla}A4020C02 000A") == "6882"


@statement("secure-read-without-session")
def test_read_binary_is_not_secure_without_a_session(card: Conversation) -> None:
    card.select("jpki")
    for cla in ("08", "0C"):
        assert card.sw(f"{cla}B08A0000") == "69FC"


@statement("secure-verify-without-session")
def test_verify_is_not_secure_without_a_session(card: Conversation) -> None:
    card.select("jpki")
    before = card.tries("user-authentication")
    for cla in ("08", "0C"):
        assert card.sw(f"{cla}20009804 30303030") == "69FC"
    assert card.tries("user-authentication") == before


@statement("issuers-instruction")
def test_the_issuers_instruction_is_known_and_refused(card: Conversation) -> None:
    card.select("jpki")
    others, issuers = card.sw("808A0000"), card.sw("808A2200")
    assert not {others, issuers, card.sw("808A2400")} & {"6D00", DONE}
    assert others != issuers


@statement("terminal-certificate-parameters")
def test_a_terminals_certificate_is_not_taken_so(card: Conversation) -> None:
    card.select("jpki")
    for parameters in ("0000", "00AE", "8000", "00B6"):
        assert card.sw(f"80A2{parameters}000133", bytes(307)) == "6A86"


@statement("last-command-indicator")
def test_the_last_command_is_not_indicated(card: Conversation) -> None:
    card.select("jpki")
    assert card.sw("80FC0000") == "6700"


# --- SELECT ------------------------------------------------------------------------------------------


@statement("select-brings-nothing")
def test_select_brings_nothing(card: Conversation) -> None:
    assert card("00A4040C0A D392F000260100000001").data == b""


@statement("select-unknown-application")
def test_an_unknown_application_is_not_found(card: Conversation) -> None:
    assert card.sw("00A4040C07", bytes.fromhex(FOREIGN_AID)) == "6A82"


@statement("select-by-prefix")
def test_the_beginning_of_a_name_selects(card: Conversation) -> None:
    assert card.sw("00A4040C05 D392F00026") == DONE
    assert card.sw("00200098")[:3] == "63C"


@statement("select-by-one-byte")
def test_one_byte_of_a_name_selects(card: Conversation) -> None:
    assert card.sw("00A4040C01 D3") == DONE


@statement("select-mf-after-power-on")
def test_the_master_file_is_not_selected_after_power_on(card: Conversation) -> None:
    card.select("jpki")
    card.power_cycle()
    assert card.sw("00A40000") == "6A86"


@statement("select-mf-in-an-application")
def test_the_master_file_seems_to_be_selected_in_an_application(card: Conversation) -> None:
    card.select("jpki")
    assert card.sw("00A40000") == DONE


@statement("select-mf-does-nothing")
def test_the_master_file_is_not_selected(card: Conversation) -> None:
    card.select("jpki")
    assert card.sw("00A40000") == DONE
    assert card.read(0x0006).startswith(LABEL)


@statement("select-with-fci")
@pytest.mark.parametrize("name", ["D392F000260100000001", "D3921000310001010408", "D3921000310001010100"])
def test_an_application_tells_about_itself(card: Conversation, name: str) -> None:
    assert card.data(f"00A404000A {name} 00")


@statement("select-2f10")
def test_there_is_no_file_2f10(card: Conversation) -> None:
    card.select("issuer")
    assert [card.sw("00A4020C02 2F10"), card.sw("00A4020C02 2F11")] == ["6A82", "6A82"]


@statement("issuer-domain-without-files")
def test_the_issuers_domain_has_no_files(card: Conversation) -> None:
    card.select("issuer")
    assert {card.ef(file_id) for file_id in range(1, 0x1F)} == {"6A82"}


@statement("select-3f00")
def test_there_is_no_file_3f00(card: Conversation) -> None:
    card.select("jpki")
    assert card.sw("00A4020C02 3F00") == "6A82"


@statement("select-ef")
def test_an_ef_is_selected_by_its_identifier(card: Conversation) -> None:
    card.select("jpki")
    answer = card("00A4020C02 000A")
    assert answer.sw == DONE
    assert answer.data == b""


@statement("select-unknown-ef")
def test_an_unknown_ef_is_not_found(card: Conversation) -> None:
    card.select("jpki")
    assert card.sw("00A4020C02 2FF2") == "6A82"


@statement("select-pin-or-key")
def test_pins_and_keys_are_selected_as_files_are(card: Conversation) -> None:
    card.select("jpki")
    assert [card.ef(file_id) for file_id in (0x17, 0x18, 0x1A, 0x1B)] == [DONE] * 4


@statement("select-is-free")
def test_select_asks_for_no_pin(card: Conversation) -> None:
    card.select("jpki")
    assert card.ef(0x0001) == DONE
    assert card.sw("00B0000001") == "6982"


@statement("no-ef-after-the-same-application")
def test_select_of_the_same_application_leaves_no_ef(card: Conversation) -> None:
    card.select("jpki")
    assert card.first(CERTIFICATE) == DONE
    card.select("jpki")
    assert card.sw("00B0000001") == "6986"


# --- READ BINARY -------------------------------------------------------------------------------------


@statement("read-at-an-offset")
def test_an_ef_is_read_at_an_offset(card: Conversation) -> None:
    card.select("jpki")
    whole = card.read(CERTIFICATE)
    assert card.data("00B0010210") == whole[0x102 : 0x102 + 0x10]


@statement("read-256")
def test_le_zero_is_256(card: Conversation) -> None:
    card.select("jpki")
    assert card.ef(CERTIFICATE) == DONE
    assert len(card.data("00B0000000")) == 256


@statement("read-by-short-identifier")
def test_an_ef_is_read_by_its_short_identifier(card: Conversation) -> None:
    card.select("jpki")
    assert card.data("00B0860000").startswith(LABEL)


@statement("read-by-short-identifier-at-an-offset")
def test_an_ef_is_read_by_its_short_identifier_at_an_offset(card: Conversation) -> None:
    card.select("jpki")
    assert card.data("00B0860406") == LABEL[4:10]


@statement("short-identifier-becomes-current")
def test_a_short_identifier_makes_its_ef_current(card: Conversation) -> None:
    card.select("jpki")
    assert card.sw("00B0860001") == DONE
    assert card.data("00B0000406") == LABEL[4:10]


@statement("every-identifier-is-a-short-one")
def test_every_identifier_is_a_short_one(card: Conversation) -> None:
    card.select("jpki")
    for number in range(1, 0x1F):
        by_select = card.sw("00B0000001") if card.ef(number) == DONE else "6A82"
        assert card.sw(f"00B0{0x80 | number:02X}0001") == by_select


@statement("extended-le-by-short-identifier")
def test_an_extended_le_brings_a_certificate_by_short_identifier(card: Conversation) -> None:
    card.select("jpki")
    assert card.data("00B08A00000000") == card.read(CERTIFICATE)


@statement("extended-le-at-an-offset")
def test_an_extended_le_goes_with_a_short_identifier_and_an_offset(card: Conversation) -> None:
    card.select("jpki")
    assert card.data("00B08A04000200") == card.read(CERTIFICATE)[4:0x204]


@statement("extended-le-of-the-current-ef")
def test_an_extended_le_brings_the_current_ef(card: Conversation) -> None:
    card.select("jpki")
    whole = card.read(CERTIFICATE)
    assert card.data("00B00000000000") == whole


@statement("extended-le-of-a-number")
def test_an_extended_le_brings_as_many_bytes(card: Conversation) -> None:
    card.select("jpki")
    whole = card.read(CERTIFICATE)
    assert card.data("00B00000000200") == whole[:0x200]


@statement("read-more-than-there-is")
def test_what_there_is_comes_where_more_is_asked_for(card: Conversation) -> None:
    card.select("jpki")
    answer = card("00B0880000")
    assert (len(answer.data), answer.sw) == (3, DONE)


@statement("read-behind-the-end")
def test_nothing_is_read_behind_the_end(card: Conversation) -> None:
    card.select("jpki")
    assert card.ef(0x0008) == DONE
    assert card.sw("00B0000401") == "6B00"
    assert card.sw("00B07FFF01") == "6B00"


@statement("read-guarded")
def test_a_guarded_ef_is_not_read(card: Conversation) -> None:
    card.select("jpki")
    assert card.sw("00B0810001") == "6982"


@statement("read-a-key")
def test_no_key_is_read(card: Conversation) -> None:
    card.select("jpki")
    assert [card.first(file_id) for file_id in (0x17, 0x18, 0x1A, 0x1B)] == ["6981"] * 4


@statement("read-without-an-ef")
def test_nothing_is_read_where_no_ef_is_current(card: Conversation) -> None:
    card.select("jpki")
    assert card.sw("00B0000001") == "6986"


@statement("read-a-certificate-by-short-commands")
def test_short_commands_read_a_certificate(card: Conversation) -> None:
    card.select("jpki")
    whole = card.read(CERTIFICATE)
    assert len(whole) >= int.from_bytes(whole[2:4], "big") + 4 > 256


@statement("certificate-begins-with-its-length")
def test_a_certificate_begins_with_its_length(card: Conversation) -> None:
    card.select("jpki")
    for file_id in (0x0002, 0x000A, 0x000B):
        assert card.ef(file_id) == DONE
        assert card.data("00B0000002") == b"\x30\x82"


@statement("certificate-filler")
def test_ff_follows_a_certificate(card: Conversation) -> None:
    card.select("jpki")
    for file_id in (0x0002, 0x000A, 0x000B):
        whole = card.read(file_id)
        assert not whole[int.from_bytes(whole[2:4], "big") + 4 :].strip(b"\xff")


# --- READ RECORD -------------------------------------------------------------------------------------


@statement("record-by-short-identifier")
def test_a_record_is_read_by_short_identifier(card: Conversation) -> None:
    card.select("common")
    assert card.data("00B2010C00")


@statement("record-of-the-current-ef")
def test_a_record_of_the_current_ef_is_read(card: Conversation) -> None:
    card.select("common")
    assert card.ef(0x0001) == DONE
    assert card.data("00B2010400") == card.data("00B2010C00")


@statement("no-such-record")
def test_there_is_no_record_behind_the_last(card: Conversation) -> None:
    card.select("common")
    assert card.sw("00B2FE0C00") == "6A83"


@statement("record-form")
def test_a_record_is_simple_tlv(card: Conversation) -> None:
    card.select("common")
    record = card.data("00B2010C00")
    assert record[1] < 0xFF
    assert len(record) == 2 + record[1]


@statement("no-records-elsewhere")
@pytest.mark.parametrize(("application", "file_id"), [("jpki", 6), ("text", 4), ("card-face", 4)])
def test_no_other_application_has_records(card: Conversation, application: str, file_id: int) -> None:
    card.select(application)
    assert card.ef(file_id) == DONE
    assert card.sw("00B2010400") != DONE


def test_the_names_are_those_of_the_statements() -> None:
    assert set(NAMES.values()) == {
        "D392F000260100000001", "D3921000310001010408", "D3921000310001010402", "D3921000310001010401",
        "D3921000310001010100", "A0000001510000",
    }  # fmt: skip
