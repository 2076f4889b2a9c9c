"""VERIFY, changes of PINs, and what becomes of a verified PIN, as cards were found to have it."""

from __future__ import annotations

import pytest

from tests.conformance.card.conversation import DONE, KEYS, Conversation

statement = pytest.mark.statement

AUTHENTICATION = "user-authentication"
SIGNATURE = "digital-signature"
DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420") + bytes(range(32))


def signs(card: Conversation, key: int = 0x97) -> bool:
    """Whether the key, of JPKI, signs; otherwise it says that its PIN is not verified."""
    answer = card(f"802A00{key:02X}33", DIGEST_INFO, "00")
    assert answer.sw in {DONE, "6982"}
    return answer.sw == DONE


# --- VERIFY ------------------------------------------------------------------------------------------


@statement("verify-current")
def test_the_right_pin_is_verified_by_the_current_ef(card: Conversation) -> None:
    card.select("jpki")
    assert card.ef(0x0018) == DONE
    assert card.sw("0020008004", card.pin(AUTHENTICATION)) == DONE
    assert signs(card)


@statement("verify-by-short-identifier")
def test_the_right_pin_is_verified_by_short_identifier(card: Conversation) -> None:
    card.select("jpki")
    assert card.sw("0020009804", card.pin(AUTHENTICATION)) == DONE
    assert signs(card)


@statement("verify-letters")
def test_small_letters_are_others(card: Conversation) -> None:
    card.select("jpki")
    password = card.pin(SIGNATURE)
    assert password.lower() != password
    assert card.present(SIGNATURE, password.lower()) == "63C4"
    assert card.present(SIGNATURE, password) == DONE


@statement("verify-wrong")
def test_a_wrong_pin_tells_how_many_tries_are_left(card: Conversation) -> None:
    card.select("jpki")
    assert card.present(AUTHENTICATION, card.wrong(AUTHENTICATION)) == "63C2"
    assert card.present(AUTHENTICATION, card.wrong(AUTHENTICATION)) == "63C1"


def block(card: Conversation, name: str) -> str:
    """The answer to the wrong PIN that spends the last try."""
    card.select(KEYS[name][0])
    for _ in range(card.tries(name) - 1):
        assert card.present(name, card.wrong(name))[:3] == "63C"
    return card.present(name, card.wrong(name))


@statement("verify-last-try")
@pytest.mark.parametrize("name", KEYS)
def test_the_last_try_leaves_none(card: Conversation, name: str) -> None:
    assert block(card, name) == "63C0"


@statement("verify-blocked")
def test_a_blocked_pin_is_not_compared(card: Conversation) -> None:
    block(card, AUTHENTICATION)
    assert card.present(AUTHENTICATION, card.wrong(AUTHENTICATION)) == "6984"
    assert card.present(AUTHENTICATION, card.pin(AUTHENTICATION)) == "6984"


@statement("verify-restores-the-tries")
def test_the_right_pin_restores_the_tries(card: Conversation) -> None:
    card.select("jpki")
    assert card.present(AUTHENTICATION, card.wrong(AUTHENTICATION)) == "63C2"
    assert card.present(AUTHENTICATION, card.pin(AUTHENTICATION)) == DONE
    assert card.tries(AUTHENTICATION) == 3


@statement("tries")
def test_a_bare_header_asks_for_the_tries(card: Conversation) -> None:
    card.select("jpki")
    assert card.ef(0x0018) == DONE
    assert card.sw("00200080")[:3] == "63C"


@statement("tries-cost-nothing")
def test_asking_for_the_tries_costs_none(card: Conversation) -> None:
    card.select("jpki")
    assert len({card.tries(AUTHENTICATION) for _ in range(20)}) == 1


@statement("tries-with-le")
def test_tries_are_not_asked_for_with_an_le(card: Conversation) -> None:
    card.select("jpki")
    assert card.ef(0x0018) == DONE
    assert card.sw("0020008000") == "6700"


@statement("tries-by-short-identifier")
def test_tries_are_asked_for_by_short_identifier(card: Conversation) -> None:
    card.select("jpki")
    assert card.sw("00200098") == f"63C{card.tries(AUTHENTICATION)}"


@statement("tries-when-verified")
def test_a_verified_pin_tells_its_tries(card: Conversation) -> None:
    card.log_in(AUTHENTICATION)
    assert card.tries(AUTHENTICATION) == 3


@statement("tries-when-blocked")
def test_a_blocked_pin_tells_that_it_has_none(card: Conversation) -> None:
    block(card, AUTHENTICATION)
    assert card.tries(AUTHENTICATION) == 0


# --- changes -----------------------------------------------------------------------------------------


def change(card: Conversation, name: str, header: str, new: bytes) -> None:
    """Change the PIN, and see that the new one is right and the old one wrong, after loss of power, too."""
    card.log_in(name)
    assert card.ef(KEYS[name][1]) == DONE
    assert card.sw(header, bytes((len(new),)) + new) == DONE
    card.power_cycle()
    card.select(KEYS[name][0])
    assert card.present(name, card.pin(name))[:3] == "63C"
    assert card.present(name, new) == DONE


@statement("change-in-jpki")
@pytest.mark.parametrize(("name", "new"), [(AUTHENTICATION, b"5678"), (SIGNATURE, b"XYZ789")])
def test_the_pins_of_jpki_are_changed(card: Conversation, name: str, new: bytes) -> None:
    change(card, name, "00240180", new)


@statement("change-in-text")
def test_the_pin_of_text_is_changed(card: Conversation) -> None:
    change(card, "text", "00240180", b"5678")


@statement("change-in-common")
def test_the_pin_of_the_common_application_is_changed(card: Conversation) -> None:
    change(card, "common", "80320080", b"5678")


@statement("change-in-resident-register")
def test_the_pin_of_the_resident_register_is_changed(card: Conversation) -> None:
    change(card, "resident-register", "80320080", b"5678")


@statement("common-and-register-are-two")
@pytest.mark.parametrize(("one", "other"), [("common", "resident-register"), ("resident-register", "common")])
def test_a_change_of_one_leaves_the_other(card: Conversation, one: str, other: str) -> None:
    change(card, one, "80320080", b"5678")
    card.log_in(other)


# --- security state ----------------------------------------------------------------------------------


@statement("state-power-off")
def test_loss_of_power_logs_out(card: Conversation) -> None:
    card.log_in(AUTHENTICATION)
    assert signs(card)
    card.power_cycle()
    card.select("jpki")
    assert not signs(card)


@statement("state-warm-reset")
def test_a_warm_reset_does_not_log_out(card: Conversation) -> None:
    card.log_in(AUTHENTICATION)
    card.warm_reset()
    card.select("jpki")
    assert signs(card)


@statement("state-other-application")
@pytest.mark.parametrize("other", ["text", "card-face", "common", "resident-register"])
def test_another_application_logs_out(card: Conversation, other: str) -> None:
    card.log_in(AUTHENTICATION)
    card.select(other)
    card.select("jpki")
    assert not signs(card)


@statement("state-issuer-domain")
def test_the_issuer_domain_logs_out(card: Conversation) -> None:
    card.log_in(AUTHENTICATION)
    card.select("issuer")
    card.select("jpki")
    assert not signs(card)


@statement("state-same-application")
def test_the_same_application_does_not_log_out(card: Conversation) -> None:
    card.log_in(AUTHENTICATION)
    card.select("jpki")
    assert signs(card)


@statement("state-select-ef")
def test_select_of_another_ef_does_not_log_out(card: Conversation) -> None:
    card.log_in(AUTHENTICATION)
    for file_id in (0x0002, 0x000A, 0x0018, 0x001B):
        assert card.ef(file_id) == DONE
    assert signs(card)


@statement("state-read")
def test_reading_does_not_log_out(card: Conversation) -> None:
    card.log_in(AUTHENTICATION)
    assert card.read(0x000A)
    assert signs(card)


@statement("state-signature")
def test_signing_does_not_log_out(card: Conversation) -> None:
    card.log_in(AUTHENTICATION)
    assert signs(card)
    assert signs(card)


@statement("state-second-pin")
def test_two_pins_are_verified_at_once(card: Conversation) -> None:
    card.log_in(AUTHENTICATION, SIGNATURE)
    assert signs(card, 0x97)
    assert signs(card, 0x9A)
    assert signs(card, 0x97)
