#include "regalloc/regalloc.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>

namespace pyston::regalloc {
namespace {

using lir::RegClass;

constexpr RegClass kI = RegClass::kInt;
constexpr RegClass kF = RegClass::kFloat;
const Place kGpScratch = {Place::kRegister, 63};
const Place kFpScratch = {Place::kRegister, 62};

Place reg(int i) {
    return {Place::kRegister, static_cast<int16_t>(i)};
}
Place spill(int i) {
    return {Place::kSpill, static_cast<int16_t>(i)};
}

using Key = std::tuple<int, int, int>;
using State = std::map<Key, int>;

Key keyOf(RegClass cls, Place p) {
    return {p.kind, p.kind == Place::kSpill ? 0 : static_cast<int>(cls), p.index};
}

State initial(const std::vector<Move>& moves) {
    State state;
    for (const Move& m : moves) {
        for (Place p : {m.from, m.to}) {
            auto [kind, cls, index] = keyOf(m.cls, p);
            state[{kind, cls, index}] = kind * 1000 + cls * 100 + index;
        }
    }
    return state;
}

// Runs the ordered moves and compares with what the parallel ones mean.
void expectRight(const std::vector<Move>& moves) {
    State state = initial(moves);
    State expected = state;
    for (const Move& m : moves)
        expected[keyOf(m.cls, m.to)] = state[keyOf(m.cls, m.from)];
    for (const Move& m : sequentialize(moves, kGpScratch, kFpScratch)) {
        EXPECT_FALSE(m.from.kind == Place::kSpill && m.to.kind == Place::kSpill);
        state[keyOf(m.cls, m.to)] = state[keyOf(m.cls, m.from)];
    }
    state.erase(keyOf(kI, kGpScratch));
    state.erase(keyOf(kF, kFpScratch));
    EXPECT_EQ(state, expected);
}

TEST(ParallelMove, Chains) {
    expectRight({});
    expectRight({{kI, reg(1), reg(1)}});
    EXPECT_TRUE(sequentialize({{kI, reg(1), reg(1)}}, kGpScratch, kFpScratch).empty());
    std::vector<Move> chain = {{kI, reg(1), reg(2)}, {kI, reg(2), reg(3)}, {kI, reg(3), spill(0)}};
    expectRight(chain);
    EXPECT_EQ(sequentialize(chain, kGpScratch, kFpScratch).size(), 3u);
}

TEST(ParallelMove, ClassesAreApart) {
    std::vector<Move> moves = {{kI, reg(1), reg(2)}, {kF, reg(2), reg(1)}};
    expectRight(moves);
    EXPECT_EQ(sequentialize(moves, kGpScratch, kFpScratch).size(), 2u);
}

TEST(ParallelMove, Cycles) {
    expectRight({{kI, reg(1), reg(2)}, {kI, reg(2), reg(1)}});
    expectRight({{kF, reg(1), reg(2)}, {kF, reg(2), reg(3)}, {kF, reg(3), reg(1)}});
    expectRight({{kI, spill(1), spill(2)}, {kI, spill(2), spill(1)}});
    expectRight({{kI, reg(1), spill(2)}, {kI, spill(2), spill(3)}, {kI, spill(3), reg(1)}});
    // Through slots that change their class.
    expectRight({{kI, spill(1), spill(2)}, {kF, spill(2), spill(3)}, {kF, spill(3), spill(1)}});
    expectRight({{kI, reg(1), spill(2)}, {kF, spill(2), reg(1)}});
    // Several cycles, and a copy hanging off one of them.
    expectRight({{kI, reg(1), reg(2)},
                 {kI, reg(2), reg(1)},
                 {kI, reg(1), spill(5)},
                 {kI, reg(3), spill(4)},
                 {kI, spill(4), reg(3)}});
}

TEST(ParallelMove, Random) {
    std::mt19937 random(7);
    for (int round = 0; round < 20000; ++round) {
        std::vector<Place> places;
        std::vector<RegClass> classes;
        int size = 2 + static_cast<int>(random() % 8);
        std::vector<Move> moves;
        std::map<Key, bool> written;
        for (int i = 0; i < size; ++i) {
            RegClass cls = random() % 2 ? kF : kI;
            auto place = [&] {
                int index = static_cast<int>(random() % 4);
                return random() % 2 ? spill(index) : reg(index);
            };
            Move m{cls, place(), place()};
            if (written[keyOf(m.cls, m.to)])
                continue;
            written[keyOf(m.cls, m.to)] = true;
            moves.push_back(m);
        }
        expectRight(moves);
    }
}

} // namespace
} // namespace pyston::regalloc
