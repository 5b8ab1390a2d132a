"""Why a request was denied, or allowed: every layer, every statement, and what would have to change."""
