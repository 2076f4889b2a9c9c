"""How other programs meet a simulated card: files, virtual readers, the protocol of pcsc-lite."""
