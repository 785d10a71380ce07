"""Webhooks point at public addresses alone, in whatever disguise others come."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from domain.errors import ValidationFailed
from services.commands.screening import is_public, screen

pytestmark = pytest.mark.anyio
PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "198.18.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.88.99.1",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1", "100::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2a00::5efe:a00:1", "2a00::200:5efe:127.0.0.1", "not an address", "",
]  # fmt: skip
PUBLIC = [
    "8.8.8.8",
    "93.184.216.34",
    "172.15.255.255",
    "172.32.0.1",
    "100.128.0.1",
    "2a00:1450::1",
    "2606:4700::1111",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_everybodys_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_everybodys_is_public(address: str) -> None:
    assert is_public(address)


class Names:
    """A resolver that knows some names, and notes what it was asked."""

    def __init__(self, **names: Sequence[str]) -> None:
        self.names = names
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return self.names.get(host.partition(".")[0], ())


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "2130706433", "0x7f000001", "0177.0.0.1",
        "127.1", "localhost", "printer", "metadata.google.internal", "printer.local", "foo.localhost", "1.2.3.4.5", "169.254.169.254",
    ],
)  # fmt: skip
async def test_a_host_that_is_inside_is_refused_without_asking_a_resolver(host: str) -> None:
    names = Names(**{"printer": ["8.8.8.8"]})
    with pytest.raises(ValidationFailed) as refused:
        await screen(f"https://{host}/hook", names)
    assert (refused.value.problem, names.asked) == ("UNSAFE", [])


@pytest.mark.parametrize(
    "addresses", [[], ["10.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:10.0.0.1"], ["8.8.8.8", "fe80::1%2"]]
)
async def test_a_name_is_refused_unless_all_it_resolves_to_is_public(addresses: list[str]) -> None:
    with pytest.raises(ValidationFailed):
        await screen("https://hooks.example.org/", Names(hooks=addresses))


async def test_public_names_and_addresses_pass() -> None:
    await screen("https://hooks.example.org:8443/a", Names(hooks=["8.8.8.8", "2a00:1450::1"]))
    await screen("https://93.184.216.34/", Names())
    await screen("https://[2606:4700::1111]/", Names())
