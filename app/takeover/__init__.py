"""Takes phones and running cards over from another backend, and gives them back."""
