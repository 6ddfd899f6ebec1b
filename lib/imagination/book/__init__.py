"""The machinery of the book: run chapters, keep the ledger, build pages, guard them.

The mathematics knows none of it.
"""
