"""SARIF out and in.

`sarif-schema-2.1.0.json.gz` is the OASIS schema of SARIF 2.1.0, unchanged, compressed: Copyright
OASIS Open, from github.com/oasis-tcs/sarif-spec, as carried by the npm package
`@datadog/datadog-ci` 2.48.0 (Apache-2.0).
"""
