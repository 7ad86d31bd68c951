"""x"""
def show(console, results): pass
def disagreements(results): return []
def write_documents(results): pass
