"""A server that behaves exactly as a listener is declared, in threads of the current process.

TLS and HTTP need the libraries of the extra ``lab``; they are imported when a server is made.
"""

from lint502.lab.standins.behaviour import Answer, Behaviour, Reaction, TlsBehaviour, behaviour
from lint502.lab.standins.certificates import Authority, CertificateFiles
from lint502.lab.standins.server import DeclaredServer

__all__ = [
    "Answer",
    "Authority",
    "Behaviour",
    "CertificateFiles",
    "DeclaredServer",
    "Reaction",
    "TlsBehaviour",
    "behaviour",
]
