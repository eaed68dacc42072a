"""The splitter: which characters of a completion are chain of thought. Part of the small trusted part.

`split_text` (module `completion`) takes sampled text, `split_messages` (`messages`) message lists with typed fields,
`split_ids` (`roles`) token ids or per-token labels. What the families write is data in `families`; what text is a mark, and
what a mention of one, is in `marks`; the two machines are `tags` and `harmony`.

It fails closed: in an episode whose status is `split` or `no_cot`, no reasoning is in a piece of channel `answer`. `ambiguous`
text stands in `answer` pieces for want of a better channel, and `split_failed` pieces are a best guess that errs towards
`reasoning`; both are good for finding leaks and for nothing else.

What it cannot tell without the prompt: reasoning that the prompt opened and that holds, at the start of a line, a complete
block of its own delimiters and nothing after it but the answer. Text before that block is then taken as visible. `prompt_tail`
settles it.

    what stands in the completion                              status        reasoning
    ---------------------------------------------------------  ------------  --------------------------------------------------
    opener and closer, once or several times (interleaved)     split         between them, by depth where the nesting is balanced
    opener in the prompt, closer in the completion             split         up to the closer
    closer without opener (any family; the reason says which)  split         up to the closer
    text, then opener, and more closers than openers           split         from the start: the first opener is nested
    opener, no closer (cut off); also opener in the prompt     split         all after the opener
    opener in the prompt, no mark at all, not cut off          split_failed  all: thinking may have been off
    more openers than closers                                  split         to the last closer
    closer repeated after a block, text in between             split         to the last closer
    the same after several blocks                              split_failed  from the last block to the last closer
    closer repeated after a block, nothing in between          split         as if it stood once
    block, then at once one of another vocabulary              split         both
    a mark of another vocabulary further down in the answer    split_failed  as if it were none: an example, or reasoning
    all blocks blank, no text before the first                 no_cot        none
    no mark, thinking off (said, or closed in the prompt)      no_cot        none
    after an empty block, with thinking off, in harmony's final: any of
    the next rows, one label being enough, if it shows 31 characters   split_failed  what it shows
    no mark                                                    ambiguous     unknown
    typed fields printed as words: `reasoning: ... content: ...`   split_failed  after the reasoning labels
    a message serialised as text, `{"reasoning": ..., "answer": ...}`  split_failed  the strings of its reasoning fields
    a delimiter escaped, with blanks inside, or fenced with all the rest  split_failed  up to the last that closes
    ReAct steps: `Thought: ... Action: ... Final Answer: ...`      split_failed  the thoughts
    opener, and later only what resembles its closer (`</thinking>`)  split_failed  up to that
    closers in several turns of whose headers only roles are left  split_failed  each up to its closer
    delimiter after somebody else's message, header unknown    split_failed  as if a turn began there
    opener in the prompt in one turn, another without a closer   split_failed  the blocks that are delimited
    mark in quotation marks or inline code                     -             no mark: text about the format
    mark in a fenced code block outside of reasoning           -             no mark: text about the format
    text, then an opener on the same line, prompt unknown      split_failed  from the start
    bare mark inside a sentence, after a block                 split_failed  as if it were a mark
    text, block, and a closer too many inside a sentence       split_failed  the block, to the last closer
    opener, and closers in quotation marks only                split_failed  all after the opener (split if known to be cut off)
    closer without opener inside a tool call                   split_failed  up to the closer
    tool call or tool result inside reasoning                  -             reasoning like the rest
    tool call outside of reasoning                             -             channel tool_call; marks inside it are its text
    tool result, or another speaker's message                  -             channel tool_result or prompt; a new turn begins
    harmony: analysis; final, commentary; with recipient       split         reasoning; answer; tool_call
    harmony: no analysis message                               no_cot        none
    harmony: two finals in a turn                              split_failed  all before the last final
    harmony: unknown channel, header inside a body             split_failed  the unknown channel
    harmony, Gemma without special tokens: `analysis...`       split_failed  up to the last `assistantfinal`, else all
"""

from __future__ import annotations

from sequester.episodes.completion import split_text
from sequester.episodes.messages import SplitMessages, split_messages
from sequester.episodes.pieces import Piece, SplitText
from sequester.episodes.roles import IdSpan, Markers, split_ids

__all__ = ["IdSpan", "Markers", "Piece", "SplitMessages", "SplitText", "split_ids", "split_messages", "split_text"]
