"""Long studies: named blocks of work that are executed here or on a cluster, kept, and never earned twice."""
