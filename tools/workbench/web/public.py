"""Which IP addresses belong to the public internet.

The list is our own. `ipaddress.is_global` differs between Python versions: that of 3.11 calls
NAT64 and 6to4 forms of 127.0.0.1, multicast, and a cloud's metadata address global.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # "this host"; Linux connects it to the loopback
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT, and a metadata address
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own services, reached from inside its machines
        "169.254.0.0/16",  # link-local, and most metadata addresses
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments, and a metadata address
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # automatic multicast tunnelling
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_UNICAST = IPv6Network("2000::/3")  # all else is local, reserved, or holds an IPv4 address
_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


def is_public(address: Address) -> bool:
    """Whether anybody on the internet is reached at `address` by the same number."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return address in _UNICAST and not any(address in network for network in _V6)
        address = address.ipv4_mapped
    return not any(address in network for network in _V4)
