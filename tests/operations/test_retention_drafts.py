"""Drafts of rule books, their reviews, and the documents that editions come from."""
