"""Keys that stand in documentation, and the words of keys that were meant to be replaced."""

KNOWN_SECRETS = frozenset(
    {
        # RFC 7515, appendix A.1, and RFC 7520, section 3.5.
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
        "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",
        # The keys of well-known tutorials, which are found in production again and again.
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970",
        "qwertyuiopasdfghjklzxcvbnm123456",
        "abcdefghijklmnopqrstuvwxyz123456",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    }
)
"""Compared exactly, as given and after base64url decoding."""

PLACEHOLDER_WORDS = (
    "changeme",
    "changethis",
    "changeit",
    "replaceme",
    "replacethis",
    "insecure",
    "password",
    "passw0rd",
    "secret",
    "placeholder",
    "yourkey",
    "yourown",
    "examplekey",
    "mysupers",
    "supersec",
    "jwtkey",
    "notsafe",
    "donotuse",
    "qwerty",
    "letmein",
    "abcdefgh",
    "12345678",
    "01234567",
    "deadbeefdeadbeef",
)
"""Looked for anywhere in the lower-case letters and digits. Six letters at least, so that chance stays out."""
