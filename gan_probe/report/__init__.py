"""results.json, report.html and what is made of them: files, summary, html, compare, picture."""
