"""Help for the tests of an application that uses this library, and real servers to run them on."""
