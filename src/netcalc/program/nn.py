"""PyTorch's layers with weights of their own, or that go by training: their text, which is read as a program's is.

What is behind an attribute whose name starts with _ has its name without it.
"""

LAYERS = """
import torch
import torch.nn.functional as F
from netcalc.weights import weight, refuse, note, copied, is_condition, kept

class Linear:
    def __init__(self, in_features, out_features, bias=True, device=None, dtype=None):
        self.in_features, self.out_features = in_features, out_features
        self.weight = weight(out_features, in_features)
        self.bias = weight(out_features) if bias else None
    def forward(self, input):
        return F.linear(input, self.weight, self.bias)

class Bilinear:
    def __init__(self, in1_features, in2_features, out_features, bias=True):
        self.weight = weight(out_features, in1_features, in2_features)
        self.bias = weight(out_features) if bias else None
    def forward(self, input1, input2):
        return F.bilinear(input1, input2, self.weight, self.bias)

class Embedding:
    def __init__(self, num_embeddings, embedding_dim, padding_idx=None):
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.weight = weight(num_embeddings, embedding_dim)
    def forward(self, input):
        if self.padding_idx is None:
            return F.embedding(input, self.weight)
        is_padding = torch.arange(self.num_embeddings)[:, None] == self.padding_idx % self.num_embeddings
        return F.embedding(input, torch.where(is_padding, self.weight.detach(), self.weight))

class PReLU:
    def __init__(self, num_parameters=1, init=0.25):
        self.weight = weight(num_parameters, start=init)
    def forward(self, input):
        return F.prelu(input, self.weight)

class LayerNorm:
    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True):
        self.shape = normalized_shape if isinstance(normalized_shape, (list, tuple)) else [normalized_shape]
        self.normalized_shape, self.eps = tuple(self.shape), eps
        self.weight = weight(*self.shape, start=1) if elementwise_affine else None
        self.bias = weight(*self.shape, start=0) if elementwise_affine and bias else None
    def forward(self, input):
        return F.layer_norm(input, self.shape, self.weight, self.bias, self.eps)

class RMSNorm(LayerNorm):
    def __init__(self, normalized_shape, eps=None, elementwise_affine=True):
        super().__init__(normalized_shape, eps, elementwise_affine, False)
    def forward(self, input):
        return F.rms_norm(input, self.shape, self.weight, self.eps)

class GroupNorm(LayerNorm):
    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True):
        super().__init__(num_channels, eps, affine)
        self.groups = num_groups
    def forward(self, input):
        return F.group_norm(input, self.groups, self.weight, self.bias, self.eps)

class BatchNorm1d(LayerNorm):
    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        super().__init__(num_features, eps, affine)
        self.tracks = track_running_stats
        self.running_mean = weight(num_features, start=0, is_buffer=True)
        self.running_var = weight(num_features, start=1, is_buffer=True)
    def forward(self, input):
        if self.tracks and not self.training:
            return F.batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias,
                                False, 0.1, self.eps)
        note("batch normalisation is by the batch's own mean and variance, as in training")
        return F.batch_norm(input, None, None, self.weight, self.bias, True, 0.1, self.eps)

class BatchNorm2d(BatchNorm1d): pass
class BatchNorm3d(BatchNorm1d): pass

class Conv1d:
    axes = 1
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True):
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = self.each(kernel_size), self.each(stride)
        self.padding, self.dilation = padding if isinstance(padding, str) else self.each(padding), self.each(dilation)
        self.how = [stride, padding, dilation, groups]
        self.sized(out_channels, in_channels // groups, kernel_size, out_channels if bias else 0)
    def each(self, size):
        return tuple(size) if isinstance(size, (list, tuple)) else (size,) * self.axes
    def sized(self, first, second, size, bias):
        self.weight = weight(first, second, *self.each(size))
        self.bias = weight(bias) if bias else None
    def forward(self, input):
        return [F.conv1d, F.conv2d, F.conv3d][self.axes - 1](input, self.weight, self.bias, *self.how)

class Conv2d(Conv1d): axes = 2
class Conv3d(Conv1d): axes = 3

class ConvTranspose1d(Conv1d):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1,
                 bias=True, dilation=1):
        self.how = [stride, padding, output_padding, groups, dilation]
        self.sized(in_channels, out_channels // groups, kernel_size, out_channels if bias else 0)
    def forward(self, input):
        return [F.conv_transpose1d, F.conv_transpose2d][self.axes - 1](input, self.weight, self.bias, *self.how)

class ConvTranspose2d(ConvTranspose1d): axes = 2
class RNNCell:
    gates = 1
    def __init__(self, input_size, hidden_size, bias=True, nonlinearity="tanh", tail=""):
        self.hidden_size, self.nonlinearity = hidden_size, nonlinearity
        self.weight_ih = weight(self.gates * hidden_size, input_size, tail=tail)
        self.weight_hh = weight(self.gates * hidden_size, hidden_size, tail=tail)
        self.bias_ih = weight(self.gates * hidden_size, tail=tail) if bias else None
        self.bias_hh = weight(self.gates * hidden_size, tail=tail) if bias else None
    def start(self, input):
        return torch.zeros(*input.shape[:-1], self.hidden_size)
    def sums(self, input, h):
        return F.linear(input, self.weight_ih, self.bias_ih), F.linear(h, self.weight_hh, self.bias_hh)
    def forward(self, input, hx=None):
        x, h = self.sums(input, self.start(input) if hx is None else hx)
        return torch.tanh(x + h) if self.nonlinearity == "tanh" else torch.relu(x + h)

class GRUCell(RNNCell):
    gates = 3
    def forward(self, input, hx=None):
        old = self.start(input) if hx is None else hx
        x, h = self.sums(input, old)
        (xr, xz, xn), (hr, hz, hn) = x.chunk(3, -1), h.chunk(3, -1)
        z = torch.sigmoid(xz + hz)
        return (1 - z) * torch.tanh(xn + torch.sigmoid(xr + hr) * hn) + z * old

class LSTMCell(GRUCell):
    gates = 4
    def forward(self, input, hx=None):
        old, cell = (self.start(input), self.start(input)) if hx is None else hx
        x, h = self.sums(input, old)
        i, f, g, o = (x + h).chunk(4, -1)
        c = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

class GRU:
    cell = GRUCell
    def __init__(self, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
                 bidirectional=False, nonlinearity="tanh"):
        self.batch_first, self.dropout, self.ways = batch_first, dropout, 2 if bidirectional else 1
        self._cells = [
            self.cell(input_size if n == 0 else self.ways * hidden_size, hidden_size, bias, nonlinearity,
                      f"_l{n}_reverse" if way else f"_l{n}")
            for n in range(num_layers) for way in range(self.ways)]
    def forward(self, input, hx=None):
        axis = 1 if self.batch_first and input.ndim == 3 else 0
        steps, ends = input.unbind(axis), []
        for n, cell in enumerate(self._cells):
            state = None if hx is None else tuple(one[n] for one in hx) if isinstance(hx, (list, tuple)) else hx[n]
            if n % self.ways == 0:
                below = steps if n == 0 else [F.dropout(one, self.dropout, self.training) for one in steps]
                steps = []
            outs = []
            for one in below[::-1] if n % self.ways else below:
                state = cell(one, state)
                outs.append(state[0] if isinstance(state, (list, tuple)) else state)
            steps = [torch.cat(both, -1) for both in zip(steps, outs[::-1])] if n % self.ways else outs
            ends.append(state)
        both = isinstance(ends[0], (list, tuple))
        return torch.stack(steps, axis), tuple(torch.stack(one) for one in zip(*ends)) if both else torch.stack(ends)

class LSTM(GRU): cell = LSTMCell
class RNN(GRU):
    cell = RNNCell
    def __init__(self, input_size, hidden_size, num_layers=1, nonlinearity="tanh", bias=True, batch_first=False,
                 dropout=0.0, bidirectional=False):
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, nonlinearity)

class Dropout:
    def __init__(self, p=0.5, inplace=False):
        self.p = p
    def forward(self, input):
        if not self.training or self.p == 0:
            return F.dropout(input, self.p, False)
        return input * kept(self, self.shape_of(input)) / (1 - self.p)
    def shape_of(self, input):
        return input.shape

class Dropout1d(Dropout):
    def shape_of(self, input):
        return [*input.shape[:2], *[1 for _ in input.shape[2:]]]

class Dropout2d(Dropout1d): pass
class Dropout3d(Dropout1d): pass

def masked(scores, mask):
    return torch.masked_fill(scores, mask, -torch.inf) if is_condition(mask) else scores + mask

class MultiheadAttention:
    def __init__(self, embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False, add_zero_attn=False, kdim=None,
                 vdim=None, batch_first=False, device=None, dtype=None):
        if add_bias_kv or add_zero_attn or kdim not in (None, embed_dim) or vdim not in (None, embed_dim):
            refuse("kdim, vdim, add_bias_kv and add_zero_attn are not read here: write the projections one by one")
        self.heads, self.dropout, self.batch_first = num_heads, dropout, batch_first
        self.in_proj_weight = weight(3 * embed_dim, embed_dim)
        self.in_proj_bias = weight(3 * embed_dim) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias)
    def heads_of(self, x, n):
        w, b = self.in_proj_weight.chunk(3)[n], None if self.in_proj_bias is None else self.in_proj_bias.chunk(3)[n]
        x = F.linear(x, w, b) if self.batch_first or x.ndim == 2 else F.linear(x.transpose(0, 1), w, b)
        return x.view(*x.shape[:-1], self.heads, x.shape[-1] // self.heads).transpose(-3, -2)
    def forward(self, query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None,
                average_attn_weights=True, is_causal=False):
        q, k, v = self.heads_of(query, 0), self.heads_of(key, 1), self.heads_of(value, 2)
        scores = q @ k.mT / q.shape[-1] ** 0.5
        if attn_mask is not None:
            attn_mask = attn_mask if attn_mask.ndim == 2 else attn_mask.view(*scores.shape)
            scores = masked(scores, attn_mask)
        if key_padding_mask is not None:
            scores = masked(scores, key_padding_mask[..., None, None, :])
        p = F.dropout(torch.softmax(scores, -1), self.dropout, self.training)
        out = (p @ v).transpose(-3, -2)
        out = self.out_proj(out.reshape(*out.shape[:-2], query.shape[-1]))
        weights = torch.mean(p, -3) if average_attn_weights else p
        return out if self.batch_first or query.ndim == 2 else out.transpose(0, 1), weights if need_weights else None

class TransformerEncoderLayer:
    has_memory = False
    def __init__(self, d_model, nhead, dim_feedforward=2048, dropout=0.1, activation=F.relu, layer_norm_eps=1e-5,
                 batch_first=False, norm_first=False, bias=True, device=None, dtype=None):
        self.act = {"relu": F.relu, "gelu": F.gelu}[activation] if isinstance(activation, str) else activation
        self.dropout, self.norm_first = dropout, norm_first
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
        if self.has_memory:
            self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
            self.norm3 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.linear1 = Linear(d_model, dim_feedforward, bias)
        self.linear2 = Linear(dim_feedforward, d_model, bias)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias)
    def dropped(self, x):
        return F.dropout(x, self.dropout, self.training)
    def around(self, x, norm, branch):
        return x + self.dropped(branch(norm(x))) if self.norm_first else norm(x + self.dropped(branch(x)))
    def fed(self, x):
        return self.linear2(self.dropped(self.act(self.linear1(x))))
    def attended(self, x, mask, padding):
        return self.around(x, self.norm1, lambda x: self.self_attn(x, x, x, padding, attn_mask=mask)[0])
    def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False):
        return self.around(self.attended(src, src_mask, src_key_padding_mask), self.norm2, self.fed)

class TransformerDecoderLayer(TransformerEncoderLayer):
    has_memory = True
    def forward(self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None,
                memory_key_padding_mask=None, tgt_is_causal=False, memory_is_causal=False):
        x = self.around(self.attended(tgt, tgt_mask, tgt_key_padding_mask), self.norm2, lambda x: self.multihead_attn(
            x, memory, memory, memory_key_padding_mask, attn_mask=memory_mask)[0])
        return self.around(x, self.norm3, self.fed)

class TransformerEncoder:
    def __init__(self, layer, num_layers, norm=None, enable_nested_tensor=True, mask_check=True):
        self.layers, self.norm = [copied(layer) for _ in range(num_layers)], norm
    def through(self, x, *given, **named):
        for layer in self.layers:
            x = layer(x, *given, **named)
        return x if self.norm is None else self.norm(x)
    def forward(self, src, mask=None, src_key_padding_mask=None, is_causal=None):
        return self.through(src, mask, src_key_padding_mask)

class TransformerDecoder(TransformerEncoder):
    def forward(self, tgt, memory, *given, **named):
        return self.through(tgt, memory, *given, **named)
"""
