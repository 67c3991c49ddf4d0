"""The web application: participants' screens, the researchers' monitor, storage and services."""
