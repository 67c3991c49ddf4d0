"""How texts, and what a system believes, are measured: one module a family.

text             overlap with a reference (BLEU, ROUGE), share of well-formed texts
bertscore        BERTScore-MiniLM: overlap of meanings, token by token
likelihood       perplexity, bits per byte, nats a document
diversity        Self-BLEU, distinct-n, intra-list diversity
novelty          how far texts lie from a pool, and how much the threshold decides
personalisation  whether users get different texts: divergence, its control and its test
information      the entropy triple of an attention over items

Vectors are made by the caller's encoder. What a metric cannot be computed for is refused by name.
"""
