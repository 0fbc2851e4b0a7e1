"""How an encrypted connection to Redis is checked."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsOptions:
    """The TLS part of a Redis URL. Names in the URL are those of redis-py.

    Attributes:
        ca_file: Certificates to trust instead of the system's (``ssl_ca_certs``).
        cert_file: Our own certificate, if the server wants one (``ssl_certfile``).
        key_file: Its key, if that is another file (``ssl_keyfile``).
        verify: False accepts any certificate (``ssl_cert_reqs=none``).
        check_hostname: False accepts a certificate of another host (``ssl_check_hostname=false``).
    """

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    verify: bool = True
    check_hostname: bool = True

    @classmethod
    def of(cls, options: Mapping[str, str]) -> "TlsOptions":
        """Out of the query of a URL.

        Raises:
            ValueError: An option has no such value.
        """
        verify = _choice(options.get("ssl_cert_reqs", "required"), {"required": True, "none": False})
        check = _choice(options.get("ssl_check_hostname", "true").lower(), {"true": True, "false": False})
        return cls(
            ca_file=options.get("ssl_ca_certs"),
            cert_file=options.get("ssl_certfile"),
            key_file=options.get("ssl_keyfile"),
            verify=verify,
            check_hostname=verify and check,
        )

    def context(self) -> ssl.SSLContext:
        """What asyncio needs."""
        context = ssl.create_default_context(cafile=self.ca_file)
        if not self.check_hostname:
            context.check_hostname = False
        if not self.verify:
            context.verify_mode = ssl.CERT_NONE
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context

    def client_options(self) -> dict[str, Any]:
        """What redis-py needs."""
        return {
            "ssl_ca_certs": self.ca_file,
            "ssl_certfile": self.cert_file,
            "ssl_keyfile": self.key_file,
            "ssl_cert_reqs": "required" if self.verify else "none",
            "ssl_check_hostname": self.check_hostname,
        }


def _choice(value: str, choices: Mapping[str, bool]) -> bool:
    if value not in choices:
        raise ValueError(f"is one of {', '.join(choices)}")
    return choices[value]
