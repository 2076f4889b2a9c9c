"""Applications to the Immigration Services Agency: their rules, the signed package, and the client that submits it.

The real system has no public interface. The ``reference`` profile here is modelled on the public shape of e-Gov's
interface; it is not the agency's.
"""
