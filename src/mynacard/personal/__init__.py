"""The card's other applications: text input support, card face, common, resident register, and the issuer's data."""
