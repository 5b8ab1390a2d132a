"""`qanat policy validate`: what is wrong in a policy, and where."""

import argparse


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the policy, or - for standard input")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    raise NotImplementedError(parsed.file)
