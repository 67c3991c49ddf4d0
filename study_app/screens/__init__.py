"""The pages that participants and researchers see. The only place, with app.py, for Streamlit."""
