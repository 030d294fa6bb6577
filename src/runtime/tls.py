"""Encryption on our own terms: certificates of the bundled list, and no other word of the environment."""

import ssl

import certifi


def client_context() -> ssl.SSLContext:
    """Return what to connect with, TLS 1.2 at least.

    Neither the default context nor a library's: both read SSLKEYLOGFILE and the system's certificates.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(certifi.where())
    return context
