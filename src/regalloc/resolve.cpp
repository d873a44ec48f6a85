// Places of operands, moves between the parts of a split interval, moves on block edges, spill
// slots.
//
// A value never changes, so its spill slot stays valid once it was written. It is written either
// once, at the definition, or wherever a path goes from a register to memory, whichever runs less
// often.
#include "regalloc/resolve.h"

#include "cpu/target.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <queue>
#include <unordered_map>

namespace pyston::regalloc {

using lir::Instr;
using lir::VReg;

namespace {

class Resolver {
  public:
    Resolver(const Liveness& live, const Pieces& pieces, const cpu::Target& target)
        : live_(live), fn_(live.fn()), pieces_(pieces), target_(target) {}

    Allocation run() {
        int maxId = 0;
        for (const BlockInfo& info : live_.blocks())
            maxId = std::max(maxId, info.block->id);
        out_.blocks.resize(maxId + 1);
        for (const BlockInfo& info : live_.blocks())
            out_.blocks[info.block->id].instrs.resize(info.block->instrs.size());
        if (!assignSlots()) {
            out_.failure = "too many values are in memory at a time";
            return std::move(out_);
        }
        for (VReg v = 0; v < live_.numRegs(); ++v) {
            if (pieces_[v].size() > 1 || slot_[v] >= 0)
                connect(v);
        }
        out_.places.resize(countPlaces());
        for (int b = 0; b < static_cast<int>(live_.blocks().size()); ++b) {
            passArguments(b);
            fillPlaces(b);
        }
        fillLiveAcross();
        for (int b = 0; b < static_cast<int>(live_.blocks().size()); ++b)
            mergeIntoEnd(out_.blocks[block(b).block->id], endsInJump(b));
        return std::move(out_);
    }

  private:
    // A store to the spill slot where a path leaves the register: in the gap of an instruction, or
    // on an edge.
    struct Store {
        int pos = -1;
        int pred = -1, succ = -1;
        Place from;
    };

    lir::RegClass classOf(VReg v) const { return fn_.classes[v]; }

    Place placeAt(VReg v, int pos) const {
        if (live_.pinned(v) != Pinned::kNo) {
            const bool isFrame = live_.pinned(v) == Pinned::kFrame;
            const int reg = isFrame ? target_.gpFrame : target_.gpThreadState;
            return {Place::kRegister, static_cast<int16_t>(reg)};
        }
        const std::span<const Piece> pieces = pieces_[v];
        auto it = std::upper_bound(pieces.begin(), pieces.end(), pos,
                                   [](int p, const Piece& piece) { return p < piece.start; });
        assert(it != pieces.begin());
        --it;
        return it->reg >= 0 ? Place{Place::kRegister, static_cast<int16_t>(it->reg)} : slotOf(v);
    }

    Place slotOf(VReg v) const { return {Place::kSpill, static_cast<int16_t>(slot_[v])}; }

    const BlockInfo& block(int b) const { return live_.blocks()[b]; }

    bool endsInJump(int b) const { return block(b).block->instrs.back().op == lir::Opcode::kJump; }

    // The place just before the moves in the gap. At the start of a block that is reached by a
    // branch the moves of the edge are in that gap, too.
    Place placeBeforeGap(VReg v, int gap) const {
        int b = live_.blockAt(gap);
        if (gap != block(b).from)
            return placeAt(v, gap - 1);
        if (block(b).preds.size() == 1 && !endsInJump(block(b).preds[0]))
            return placeAt(v, block(block(b).preds[0]).to - 1);
        return placeAt(v, gap);
    }

    InstrPlaces& instrAt(int pos) {
        const BlockInfo& info = block(live_.blockAt(pos));
        return out_.blocks[info.block->id].instrs[(pos - info.from) / kPerInstr];
    }

    std::vector<Move>& edge(int pred, int succ) {
        return endsInJump(pred) ? out_.blocks[block(pred).block->id].atEnd
                                : instrAt(block(succ).from).before;
    }

    // For parameters an argument, for arguments the parameter: best in the same slot.
    std::vector<VReg> slotHints() const {
        std::vector<VReg> hints(live_.numRegs(), lir::kNoReg);
        for (const BlockInfo& info : live_.blocks()) {
            const Instr& last = info.block->instrs.back();
            for (size_t k = 0; k < last.args[0].size(); ++k) {
                VReg param = last.targets[0]->params[k];
                VReg arg = last.args[0][k];
                if (hints[param] == lir::kNoReg)
                    hints[param] = arg;
                if (hints[arg] == lir::kNoReg)
                    hints[arg] = param;
            }
        }
        return hints;
    }

    // Slots are shared by values whose lives, taken without holes, do not meet. False if they
    // cannot be numbered.
    bool assignSlots() {
        slot_.assign(live_.numRegs(), -1);
        std::vector<VReg> spilled;
        for (VReg v = 0; v < live_.numRegs(); ++v) {
            if (std::any_of(pieces_[v].begin(), pieces_[v].end(),
                            [](const Piece& piece) { return piece.reg < 0; }))
                spilled.push_back(v);
        }
        if (spilled.empty())
            return true;
        auto start = [&](VReg v) { return live_.ranges(v).front().from; };
        std::sort(spilled.begin(), spilled.end(),
                  [&](VReg a, VReg b) { return std::pair(start(a), a) < std::pair(start(b), b); });
        std::vector<VReg> hints = slotHints();
        using Entry = std::pair<int, int>; // end, slot
        std::priority_queue<Entry, std::vector<Entry>, std::greater<>> busy;
        std::vector<int> free;
        for (VReg v : spilled) {
            for (; !busy.empty() && busy.top().first <= start(v); busy.pop())
                free.push_back(busy.top().second);
            if (free.empty())
                free.push_back(out_.numSpills++);
            auto choice = free.end() - 1;
            if (hints[v] != lir::kNoReg && slot_[hints[v]] >= 0) {
                auto hinted = std::find(free.begin(), free.end(), slot_[hints[v]]);
                choice = hinted != free.end() ? hinted : choice;
            }
            slot_[v] = *choice;
            free.erase(choice);
            busy.push({live_.ranges(v).back().to, slot_[v]});
        }
        return out_.numSpills <= std::numeric_limits<int16_t>::max();
    }

    void connect(VReg v) {
        stores_.clear();
        storesWeight_ = 0;
        connectPieces(v);
        connectEdges(v);
        if (stores_.empty())
            return;
        int def = live_.defPos(v);
        Place atDef = placeAt(v, def);
        assert(atDef.kind == Place::kRegister);
        if (block(live_.blockAt(def)).weight <= storesWeight_) {
            int gap = live_.isInstrDef(v) ? nextGap(def) : def;
            instrAt(gap).before.push_back({classOf(v), atDef, slotOf(v)});
            return;
        }
        for (const Store& store : stores_) {
            auto& moves = store.pos >= 0 ? instrAt(store.pos).before : edge(store.pred, store.succ);
            moves.push_back({classOf(v), store.from, slotOf(v)});
        }
    }

    void addStore(VReg v, const Store& store, float weight) {
        // A value that begins its life in memory is there already.
        if (placeAt(v, live_.defPos(v)).kind == Place::kSpill)
            return;
        stores_.push_back(store);
        storesWeight_ += weight;
    }

    void connectPieces(VReg v) {
        const std::span<const Piece> pieces = pieces_[v];
        for (size_t i = 1; i < pieces.size(); ++i) {
            int pos = pieces[i].start;
            int b = live_.blockAt(pos);
            if (pos == block(b).from || pos == live_.defPos(v))
                continue; // edges lead there, or nothing does
            Place to = placeAt(v, pos);
            Place from = placeBeforeGap(v, gapAt(pos));
            if (to.kind == Place::kRegister) {
                assert(pos == gapAt(pos));
                instrAt(pos).before.push_back({classOf(v), from, to});
            } else if (from.kind == Place::kRegister) {
                addStore(v, {gapAt(pos), -1, -1, from}, block(b).weight);
            }
        }
    }

    void connectEdges(VReg v) {
        for (int b : live_.liveIn(v)) {
            Place to = placeAt(v, block(b).from);
            for (int pred : block(b).preds) {
                Place from = placeAt(v, block(pred).to - 1);
                if (from == to)
                    continue;
                if (to.kind == Place::kRegister)
                    edge(pred, b).push_back({classOf(v), from, to});
                else
                    addStore(v, {-1, pred, b, from}, std::min(block(pred).weight, block(b).weight));
            }
        }
    }

    void passArguments(int b) {
        const Instr& last = block(b).block->instrs.back();
        for (size_t k = 0; k < last.args[0].size(); ++k) {
            VReg arg = last.args[0][k];
            VReg param = last.targets[0]->params[k];
            Place from = placeAt(arg, block(b).to - 1);
            Place to = placeAt(param, live_.defPos(param));
            if (from != to)
                out_.blocks[block(b).block->id].atEnd.push_back({classOf(param), from, to});
        }
    }

    void fillPlaces(int b) {
        int pos = block(b).from;
        auto instrPlaces = out_.blocks[block(b).block->id].instrs.begin();
        for (const Instr& instr : block(b).block->instrs) {
            InstrPlaces& places = *instrPlaces++;
            const std::span<Place> operands = newPlaces(instr.operands.size());
            for (size_t k = 0; k < operands.size(); ++k) {
                if (instr.operands[k].isImm)
                    continue;
                bool late = operandUse(instr, k).late;
                operands[k] = placeAt(instr.operands[k].reg, pos + (late ? kWrite : kRead));
            }
            places.operands = operands;
            if (instr.result != lir::kNoReg)
                places.result = placeAt(instr.result, pos + kWrite);
            if (instr.exit >= 0) {
                const lir::ExitPoint& exit = fn_.exits[instr.exit];
                places.exitSlots = exitPlaces(exit.slots, pos);
                places.exitStack = exitPlaces(exit.stack, pos);
                places.exitReleases = exitPlaces(exit.releases, pos);
            }
            pos += kPerInstr;
        }
    }

    size_t countPlaces() const {
        size_t count = 0;
        for (const BlockInfo& info : live_.blocks()) {
            for (const Instr& instr : info.block->instrs) {
                count += instr.operands.size();
                if (instr.exit < 0)
                    continue;
                const lir::ExitPoint& exit = fn_.exits[instr.exit];
                count += exit.slots.size() + exit.stack.size() + exit.releases.size();
            }
        }
        return count;
    }

    std::span<Place> newPlaces(size_t count) {
        const std::span<Place> fresh = std::span(out_.places).subspan(numPlaces_, count);
        numPlaces_ += count;
        return fresh;
    }

    std::span<Place> exitPlaces(const std::vector<lir::ExitOperand>& operands, int pos) {
        const std::span<Place> places = newPlaces(operands.size());
        for (size_t k = 0; k < operands.size(); ++k) {
            if (operands[k].kind == lir::ExitOperand::kReg)
                places[k] = placeAt(operands[k].reg, pos + kWrite);
        }
        return places;
    }

    // Cold calls clobber nothing for the allocator: the emitter saves what is given here.
    void fillLiveAcross() {
        auto calls = live_.coldCalls();
        if (calls.empty())
            return;
        for (VReg v = 0; v < live_.numRegs(); ++v) {
            bool isFloat = classOf(v) == lir::RegClass::kFloat;
            uint64_t callerSaved = isFloat ? target_.fpCallerSaved : target_.gpCallerSaved;
            size_t piece = 0;
            for (Range range : live_.ranges(v)) {
                auto call = std::upper_bound(calls.begin(), calls.end(), range.from);
                for (; call != calls.end() && nextGap(*call) < range.to; ++call) {
                    while (piece + 1 < pieces_[v].size() && pieces_[v][piece + 1].start <= *call)
                        ++piece;
                    int reg = pieces_[v][piece].reg;
                    if (reg < 0 || !(callerSaved >> reg & 1))
                        continue;
                    InstrPlaces& places = instrAt(*call);
                    (isFloat ? places.liveFpAcross : places.liveGpAcross) |= uint64_t{1} << reg;
                }
            }
        }
    }

    // Leaves no moves before a Jump: composes them with those at the block's end, so that it does
    // not matter in which order an emitter looks at them.
    void mergeIntoEnd(BlockPlaces& places, bool endsInJump) {
        std::vector<Move>& first = places.instrs.back().before;
        if (first.empty() || places.atEnd.empty()) {
            if (endsInJump && places.atEnd.empty())
                places.atEnd.swap(first);
            return;
        }
        auto key = [](const Move& m, Place p) {
            bool isFloat = p.kind == Place::kRegister && m.cls == lir::RegClass::kFloat;
            return p.kind << 24 | (isFloat ? 1 << 20 : 0) | p.index;
        };
        std::unordered_map<int, Place> source; // after the first group, by target
        for (const Move& m : first)
            source[key(m, m.to)] = m.from;
        std::unordered_map<int, bool> overwritten;
        for (Move& m : places.atEnd) {
            overwritten[key(m, m.to)] = true;
            if (auto it = source.find(key(m, m.from)); it != source.end())
                m.from = it->second;
        }
        for (const Move& m : first) {
            if (!overwritten.count(key(m, m.to)))
                places.atEnd.push_back(m);
        }
        first.clear();
    }

    const Liveness& live_;
    const lir::Function& fn_;
    const Pieces& pieces_;
    const cpu::Target& target_;
    Allocation out_;
    size_t numPlaces_ = 0;      // that were handed out
    std::vector<int> slot_;     // by virtual register, -1 if never in memory
    std::vector<Store> stores_; // of the register at hand
    float storesWeight_ = 0;
};

} // namespace

Allocation resolve(const Liveness& live, const Pieces& pieces, const cpu::Target& target) {
    return Resolver(live, pieces, target).run();
}

} // namespace pyston::regalloc
