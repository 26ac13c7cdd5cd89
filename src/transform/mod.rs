//! What a job does to one document. Pure: a document in, a document out.
