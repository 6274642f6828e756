"""Judged data -> figures: similarity, retrieval, the space itself, and whether a new encoder is better.

Everything takes any `searchkit.encoder.Encoder`. Importing this room brings no torch, faiss or scikit-learn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchkit.exports import lazy_names

if TYPE_CHECKING:
    from searchkit.evaluation.clustering import ClusteringReport, evaluate_clustering, spherical_kmeans, v_measure
    from searchkit.evaluation.collection import (
        Query,
        RetrievalSet,
        passage_of,
        read_retrieval_set,
        require_documents,
        retrieval_set,
    )
    from searchkit.evaluation.correlation import spearman
    from searchkit.evaluation.density import (
        BandDensity,
        band_densities,
        density_svg,
        write_density_html,
        write_density_png,
    )
    from searchkit.evaluation.diff import AnswerChange, AnswerDiff, compare_answers, documents_found, read_queries
    from searchkit.evaluation.engine_runs import engine_run, indexed
    from searchkit.evaluation.judged import JudgedFolder, export_judgements, is_held_out
    from searchkit.evaluation.known_item import KnownItems, Passage, QueryKind, hold_out, known_items
    from searchkit.evaluation.labelled import Labelled, LabelledSet, read_labelled
    from searchkit.evaluation.language import WordOrder, word_order
    from searchkit.evaluation.metrics import average_precision, measure, mrr, ndcg, recall
    from searchkit.evaluation.overlap import rbo
    from searchkit.evaluation.retrieval import RetrievalReport, compare, evaluate_encoder, evaluate_run
    from searchkit.evaluation.runs import Ranking, Run, Searcher, dense_run, hits_searcher, search_run, write_trec_run
    from searchkit.evaluation.significance import Difference, paired_bootstrap
    from searchkit.evaluation.space import SpaceReport, alignment, effective_rank, evaluate_space, hubness, uniformity
    from searchkit.evaluation.sts import StsReport, evaluate_sts, read_sts
    from searchkit.evaluation.sts_set import ScoredPair, StsSet
    from searchkit.evaluation.transfer import TransferReport, evaluate_transfer
    from searchkit.evaluation.verdict import Verdict, decide, judge

_ROOMS = {
    "clustering": ("ClusteringReport", "evaluate_clustering", "spherical_kmeans", "v_measure"),
    "correlation": ("spearman",),
    "density": ("BandDensity", "band_densities", "density_svg", "write_density_html", "write_density_png"),
    "diff": ("AnswerChange", "AnswerDiff", "compare_answers", "documents_found", "read_queries"),
    "engine_runs": ("engine_run", "indexed"),
    "judged": ("JudgedFolder", "export_judgements", "is_held_out"),
    "known_item": ("KnownItems", "Passage", "QueryKind", "hold_out", "known_items"),
    "labelled": ("Labelled", "LabelledSet", "read_labelled"),
    "metrics": ("average_precision", "measure", "mrr", "ndcg", "recall"),
    "overlap": ("rbo",),
    "retrieval": ("RetrievalReport", "compare", "evaluate_encoder", "evaluate_run"),
    "collection": (
        "Query",
        "RetrievalSet",
        "passage_of",
        "read_retrieval_set",
        "require_documents",
        "retrieval_set",
    ),
    "runs": ("Ranking", "Run", "Searcher", "dense_run", "hits_searcher", "search_run", "write_trec_run"),
    "significance": ("Difference", "paired_bootstrap"),
    "space": ("SpaceReport", "alignment", "effective_rank", "evaluate_space", "hubness", "uniformity"),
    "sts": ("StsReport", "evaluate_sts", "read_sts"),
    "sts_set": ("ScoredPair", "StsSet"),
    "transfer": ("TransferReport", "evaluate_transfer"),
    "verdict": ("Verdict", "decide", "judge"),
    "language": ("WordOrder", "word_order"),
}
__all__ = [
    "AnswerChange",
    "AnswerDiff",
    "BandDensity",
    "ClusteringReport",
    "Difference",
    "JudgedFolder",
    "KnownItems",
    "Labelled",
    "LabelledSet",
    "Passage",
    "Query",
    "QueryKind",
    "Ranking",
    "RetrievalReport",
    "RetrievalSet",
    "Run",
    "ScoredPair",
    "Searcher",
    "SpaceReport",
    "StsReport",
    "StsSet",
    "TransferReport",
    "Verdict",
    "WordOrder",
    "alignment",
    "average_precision",
    "band_densities",
    "compare",
    "compare_answers",
    "decide",
    "dense_run",
    "density_svg",
    "documents_found",
    "effective_rank",
    "engine_run",
    "evaluate_clustering",
    "evaluate_encoder",
    "evaluate_run",
    "evaluate_space",
    "evaluate_sts",
    "evaluate_transfer",
    "export_judgements",
    "hits_searcher",
    "hold_out",
    "hubness",
    "indexed",
    "is_held_out",
    "judge",
    "known_items",
    "measure",
    "mrr",
    "ndcg",
    "paired_bootstrap",
    "passage_of",
    "rbo",
    "read_labelled",
    "read_queries",
    "read_retrieval_set",
    "read_sts",
    "recall",
    "require_documents",
    "retrieval_set",
    "search_run",
    "spearman",
    "spherical_kmeans",
    "uniformity",
    "v_measure",
    "word_order",
    "write_density_html",
    "write_density_png",
    "write_trec_run",
]
__getattr__, __dir__ = lazy_names(__name__, _ROOMS)
