"""What figures and widgets show, computed: the state as a memory, the costs of forms, and more."""
