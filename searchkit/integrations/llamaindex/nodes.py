"""LlamaIndex's nodes as documents of an index, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llama_index.core.schema import BaseNode, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict

from searchkit.integrations.opening import known, passage_name
from searchkit.types import Document as OurDocument

if TYPE_CHECKING:
    from searchkit.types import Hit

NODE = "_node_content"  # where LlamaIndex keeps the rest of a node among the metadata
_ADDED = (NODE, "_node_type", "document_id", "doc_id", "ref_doc_id")


def document_of(node: BaseNode) -> OurDocument:
    """A node as it is kept."""
    text = node.get_content()
    return OurDocument(node.node_id, text, metadata=node_to_metadata_dict(node, remove_text=True))


def node_of(name: str, text: str, metadata: Mapping[str, Any], path: str | None) -> BaseNode:
    """The node as it was added; of a document that LlamaIndex did not make, a text node."""
    if NODE in metadata:
        return metadata_dict_to_node(dict(metadata), text=text)
    return TextNode(id_=name, text=text, metadata={**metadata, **_place(path, None)})


def passage(hit: Hit) -> TextNode:
    """A passage, with its document as its source."""
    own = {name: value for name, value in hit.metadata.items() if NODE not in hit.metadata or name not in _ADDED}
    return TextNode(
        id_=passage_name(hit),
        text=hit.text,
        metadata={**own, **_place(hit.path, hit.page)},
        start_char_idx=hit.start,
        end_char_idx=hit.end,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=hit.doc_id)},
    )


def _place(path: str | None, page: int | None) -> dict[str, Any]:
    """Under the names that LlamaIndex's own readers use."""
    return known(file_path=path, page_label=None if page is None else str(page))
