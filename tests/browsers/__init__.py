"""From a page to the card and back, in real browsers, with a small Web eID extension that is made for these tests."""
