"""Applications to the Immigration Services Agency: their rules, the signed package, and the client that hands it in.

The real system has no interface that is open to anybody. What is here is a ``reference`` profile: it is modelled on the
public shape of e-Gov's interface, and is not the agency's.
"""
