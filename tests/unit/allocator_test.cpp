#include "support/allocator.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace pyston::support {
namespace {

struct Block {
    unsigned char* at;
    size_t size;
    unsigned char mark;
};

Block make(size_t size, unsigned char mark) {
    auto* at = static_cast<unsigned char*>(allocateSmall(size));
    EXPECT_NE(at, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(at) % 16, 0u);
    std::memset(at, mark, size);
    return {at, size, mark};
}

void end(const Block& block) {
    for (size_t i = 0; i < block.size; ++i)
        ASSERT_EQ(block.at[i], block.mark);
    ASSERT_TRUE(freeSmall(block.at));
}

// Blocks of all sizes, freed in any order, keep what is written to them.
void churn(unsigned seed) {
    std::minstd_rand random(seed);
    std::vector<Block> blocks;
    for (int step = 0; step < 60'000; ++step) {
        // Grows to thousands of blocks, shrinks to none, several times.
        const bool grows = (step / 10'000) % 2 == 0;
        if (blocks.empty() || random() % 8 < (grows ? 6u : 2u)) {
            blocks.push_back(make(random() % 513, static_cast<unsigned char>(random())));
        } else {
            const size_t i = random() % blocks.size();
            end(blocks[i]);
            blocks[i] = blocks.back();
            blocks.pop_back();
        }
    }
    for (const Block& block : blocks)
        end(block);
}

TEST(Allocator, BlocksDoNotOverlap) {
    churn(1);
    churn(2); // in chunks that were empty
}

TEST(Allocator, ThreadsMayShare) {
    std::vector<std::thread> threads;
    for (unsigned seed = 10; seed < 14; ++seed)
        threads.emplace_back(churn, seed);
    for (std::thread& thread : threads)
        thread.join();
}

TEST(Allocator, ThreadsMayKeepBlocks) {
    std::vector<std::thread> threads;
    for (unsigned seed = 20; seed < 24; ++seed)
        threads.emplace_back([seed] {
            const AllocationScope outer;
            churn(seed);
            const AllocationScope inner;
            churn(seed);
        });
    churn(24);
    for (std::thread& thread : threads)
        thread.join();
}

// What is made inside a scope is freed outside of it, and the other way round.
TEST(Allocator, BlocksOutliveScopes) {
    std::vector<Block> blocks;
    for (unsigned char mark = 0; mark < 200; ++mark)
        blocks.push_back(make(48, mark));
    {
        const AllocationScope scope;
        for (const Block& block : blocks)
            end(block);
        blocks.clear();
        for (unsigned char mark = 0; mark < 200; ++mark)
            blocks.push_back(make(48, mark));
    }
    std::thread([&] {
        for (const Block& block : blocks)
            end(block);
    }).join();
}

TEST(Allocator, OthersMayFreeWhileAScopeLives) {
    for (int round = 0; round < 3; ++round) {
        const AllocationScope scope;
        std::vector<Block> blocks;
        for (int i = 0; i < 5'000; ++i) // more than a chunk
            blocks.push_back(make(48, static_cast<unsigned char>(i)));
        std::thread other([&] {
            const AllocationScope inner;
            for (size_t i = 0; i < blocks.size(); i += 2)
                end(blocks[i]);
        });
        churn(5);
        other.join();
        for (size_t i = 1; i < blocks.size(); i += 2)
            end(blocks[i]);
    }
}

TEST(Allocator, LeavesOthersAlone) {
    EXPECT_EQ(allocateSmall(513), nullptr);
    int local = 0;
    EXPECT_FALSE(freeSmall(&local));
    std::vector<char> other(10);
    EXPECT_FALSE(freeSmall(other.data()));
    EXPECT_FALSE(freeSmall(nullptr));
}

TEST(Allocator, SaysWhenItIsFull) {
    std::vector<void*> blocks;
    while (void* block = allocateSmall(512))
        blocks.push_back(block);
    EXPECT_GT(blocks.size(), 50'000u);
    EXPECT_EQ(allocateSmall(512), nullptr);
    for (void* block : blocks)
        EXPECT_TRUE(freeSmall(block));
    churn(3);
}

TEST(Allocator, ReserveGivesPagesUntilItIsUsedUp) {
    makeReserve();
    std::vector<void*> blocks;
    for (size_t size : {1u, 5'000u, 100'000u})
        blocks.push_back(allocateFromReserve(size));
    std::memset(blocks[2], 1, 100'000);
    EXPECT_TRUE(freeToReserve(blocks[1]));
    EXPECT_EQ(allocateFromReserve(8'192), blocks[1]);
    blocks.push_back(allocateFromReserve(4'096));
    EXPECT_EQ(allocateFromReserve(size_t{5} << 20), nullptr);
    for (void* block : blocks)
        EXPECT_TRUE(freeToReserve(block));
    void* all = allocateFromReserve(size_t{4} << 20);
    EXPECT_NE(all, nullptr);
    EXPECT_EQ(allocateFromReserve(1), nullptr);
    EXPECT_TRUE(freeToReserve(all));
    EXPECT_FALSE(freeToReserve(&blocks));
}

TEST(Allocator, GivesUpInScopesOnly) {
    EXPECT_FALSE(mayGiveUp());
    {
        const AllocationScope scope;
        EXPECT_TRUE(mayGiveUp());
        const ReserveScope reserve;
        EXPECT_FALSE(mayGiveUp());
    }
    EXPECT_FALSE(mayGiveUp());
}

} // namespace
} // namespace pyston::support
