"""The official conformance suite and Inspector, run against our server.

The suite wants a server that carries certain tools, resources and prompts. They are here, and only
the test build has them.
"""
