"""What a fleet costs a month, by a dated table of prices: pure functions over lists of priced things."""
