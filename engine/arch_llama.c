// SPDX-License-Identifier: MIT
// Llama: pre-norm blocks, rotary angles on adjacent pairs (GGUF files of this architecture store
// their query and key rows for it), grouped queries, gated SiLU.
#include "engine/plan_builder.h"

static void attention_steps(struct plan_builder *b) {
    const struct hparams *h = &b->model->h;
    const enum format kv = b->options->kv;
    const enum op attention = (enum op)op_of(CLASS_attention, kv, FORMAT_f32); // checked by
    const enum op store = (enum op)op_of(CLASS_kv_store, kv, FORMAT_f32);      // plan_build
    b->role = ROLE_attention;
    plan_add_norm(b, "attn_norm", plan_tensor(b, "attn_norm", 1, h->width), SLOT_norm);
    const struct plan_matmul qkv[] = {
        {"attn_q", plan_tensor(b, "attn_q", h->heads * h->dim_k, h->width), SLOT_q},
        {"attn_k", plan_tensor(b, "attn_k", h->kv_heads * h->dim_k, h->width), SLOT_k},
        {"attn_v", plan_tensor(b, "attn_v", h->kv_heads * h->dim_v, h->width), SLOT_v},
    };
    plan_add_matmuls(b, SLOT_norm, SLOT_norm_act, "attn_quantize", qkv, 3);
    plan_add(b, OP_rope_adjacent, "rope_q", PARTITION_tokens, SLOT_q, SLOT_q, SLOT_angles, h->heads,
             h->dim_k);
    plan_add(b, OP_rope_adjacent, "rope_k", PARTITION_tokens, SLOT_k, SLOT_k, SLOT_angles,
             h->kv_heads, h->dim_k);
    plan_add(b, store, "kv_store_k", PARTITION_tokens, SLOT_kv, SLOT_k, SLOT_none, h->kv_heads,
             h->dim_k);
    plan_add(b, store, "kv_store_v", PARTITION_tokens, SLOT_kv, SLOT_v, SLOT_none, h->kv_heads,
             h->dim_v);
    plan_add(b, attention, "attention", PARTITION_heads, SLOT_attention, SLOT_q, SLOT_kv, h->heads,
             h->dim_v);
    plan_add(b, OP_attention_merge, "attention_merge", PARTITION_heads, SLOT_attention,
             SLOT_attention, SLOT_none, h->heads, h->dim_v);
    plan_add(b, OP_attention_finish, "attention_finish", PARTITION_heads, SLOT_attention,
             SLOT_attention, SLOT_none, h->heads, h->dim_v);
    const struct plan_matmul output[] = {
        {"attn_output", plan_tensor(b, "attn_output", h->width, h->heads * h->dim_v), SLOT_branch},
    };
    plan_add_matmuls(b, SLOT_attention, SLOT_attention_act, "attn_output_quantize", output, 1);
    plan_add(b, OP_add, "attn_add", PARTITION_tokens, SLOT_stream, SLOT_stream, SLOT_branch, 1,
             h->width);
}

static void feed_forward_steps(struct plan_builder *b) {
    const struct hparams *h = &b->model->h;
    b->role = ROLE_feed_forward;
    plan_add_norm(b, "ffn_norm", plan_tensor(b, "ffn_norm", 1, h->width), SLOT_norm);
    const struct plan_matmul wide[] = {
        {"ffn_gate", plan_tensor(b, "ffn_gate", h->ff_width, h->width), SLOT_gate},
        {"ffn_up", plan_tensor(b, "ffn_up", h->ff_width, h->width), SLOT_up},
    };
    plan_add_matmuls(b, SLOT_norm, SLOT_norm_act, "ffn_quantize", wide, 2);
    plan_add(b, OP_silu_mul, "silu_mul", PARTITION_rows, SLOT_gate, SLOT_gate, SLOT_up, 1,
             h->ff_width);
    const struct plan_matmul down[] = {
        {"ffn_down", plan_tensor(b, "ffn_down", h->width, h->ff_width), SLOT_branch},
    };
    plan_add_matmuls(b, SLOT_gate, SLOT_hidden_act, "ffn_down_quantize", down, 1);
    plan_add(b, OP_add, "ffn_add", PARTITION_tokens, SLOT_stream, SLOT_stream, SLOT_branch, 1,
             h->width);
}

void arch_llama_build(struct plan_builder *b) {
    const struct hparams *h = &b->model->h;
    b->layer = -1;
    b->role = ROLE_embedding;
    const struct gguf_tensor *table = plan_tensor(b, "token_embd", h->vocabulary, h->width);
    const struct gguf_tensor *factors =
        plan_has_tensor(b, "rope_freqs") ? plan_tensor(b, "rope_freqs", 1, h->rope_pairs) : NULL;
    struct step *angles = plan_add(b, OP_rope_angles, "rope_angles", PARTITION_tokens, SLOT_angles,
                                   SLOT_none, SLOT_none, 1, 2 * h->rope_pairs);
    angles->w = factors;
    plan_add_embed(b, table);
    for (b->layer = 0; b->layer < h->layers && !b->error; b->layer++) {
        attention_steps(b);
        feed_forward_steps(b);
    }
    b->layer = -1;
    b->role = ROLE_output;
    plan_add_norm(b, "output_norm", plan_tensor(b, "output_norm", 1, h->width), SLOT_last);
    const struct plan_matmul output[] = {
        {"output",
         plan_has_tensor(b, "output") ? plan_tensor(b, "output", h->vocabulary, h->width) : table,
         SLOT_logits},
    };
    plan_add_matmuls(b, SLOT_last, SLOT_last_act, "output_quantize", output, 1);
}
