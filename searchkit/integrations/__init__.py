"""searchkit behind the interfaces of other libraries; each module imports its own library, this one none.

langchain      SearchkitVectorStore, SearchkitEmbeddings
llamaindex     SearchkitVectorStore, SearchkitRetriever, SearchkitEmbedding
haystack       SearchkitDocumentStore, SearchkitRetriever, SearchkitTextEmbedder, SearchkitDocumentEmbedder
sklearn        SearchkitTransformer
tables         documents from, and hits and embeddings to, pandas, datasets and Arrow
"""
