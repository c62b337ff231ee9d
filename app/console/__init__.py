"""The console: one page on which people see orders, phones and what became of each push."""
