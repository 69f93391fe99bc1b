module oracle/tree

go 1.24.0
