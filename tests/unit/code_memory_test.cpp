#include "runtime/code_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pyston::runtime {
namespace {

void fill(uint8_t* address, size_t size, uint8_t value) {
    std::vector<uint8_t> bytes(size, value);
    ASSERT_TRUE(writeCode(address, bytes));
}

TEST(CodeMemory, ReservesAlignedLowMemory) {
    const size_t before = codeBytesInUse();
    uint8_t* a = reserveCode(100);
    uint8_t* b = reserveCode(1);
    ASSERT_TRUE(a && b);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(a) % 16, 0u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(b) % 16, 0u);
    EXPECT_LT(reinterpret_cast<uintptr_t>(a), uintptr_t{1} << 32);
    EXPECT_EQ(codeBytesInUse(), before + 112 + 16);
    fill(a, 100, 0xc3);
    EXPECT_EQ(a[0], 0xc3);
    EXPECT_EQ(a[99], 0xc3);
    releaseCode(a, 100);
    releaseCode(b, 1);
    EXPECT_EQ(codeBytesInUse(), before);
}

TEST(CodeMemory, MergesFreedNeighbours) {
    uint8_t* parts[4];
    for (auto& part : parts)
        part = reserveCode(64);
    for (int i = 1; i < 4; ++i)
        ASSERT_EQ(parts[i], parts[i - 1] + 64);
    releaseCode(parts[0], 64);
    releaseCode(parts[2], 64);
    releaseCode(parts[1], 64);
    EXPECT_EQ(reserveCode(192), parts[0]);
    releaseCode(parts[0], 192);
    releaseCode(parts[3], 64);
}

TEST(CodeMemory, TailOfReservationCanBeReleased) {
    const size_t before = codeBytesInUse();
    uint8_t* a = reserveCode(4096);
    releaseCode(a + 100, 4096 - 100);
    EXPECT_EQ(codeBytesInUse(), before + 112);
    uint8_t* b = reserveCode(16);
    EXPECT_EQ(b, a + 112);
    releaseCode(b, 16);
    releaseCode(a, 100);
    EXPECT_EQ(codeBytesInUse(), before);
}

TEST(CodeMemory, LimitIsKept) {
    setCodeLimit(codeBytesInUse() + 1000);
    EXPECT_EQ(reserveCode(2000), nullptr);
    uint8_t* a = reserveCode(900);
    EXPECT_NE(a, nullptr);
    EXPECT_EQ(reserveCode(900), nullptr);
    releaseCode(a, 900);
    setCodeLimit(size_t{128} << 20);
    EXPECT_EQ(reserveCode(size_t{1} << 30), nullptr);
    EXPECT_EQ(reserveCode(0), nullptr);
}

TEST(CodeMemory, NoPageIsWritableAndExecutable) {
    uint8_t* a = reserveCode(16);
    std::ifstream maps("/proc/self/maps");
    bool sawExecutable = false;
    const auto address = reinterpret_cast<uintptr_t>(a);
    for (std::string line; std::getline(maps, line);) {
        const std::string permissions = line.substr(line.find(' ') + 1, 3);
        EXPECT_NE(permissions, "rwx") << line;
        const uintptr_t begin = std::stoull(line, nullptr, 16);
        const uintptr_t end = std::stoull(line.substr(line.find('-') + 1), nullptr, 16);
        if (begin <= address && address < end && permissions == "r-x")
            sawExecutable = true;
    }
    EXPECT_TRUE(sawExecutable);
    releaseCode(a, 16);
}

// Runs `child` in a forked process; it returns whether all was well.
template<typename F> void inChild(F child) {
    const pid_t pid = fork();
    ASSERT_GE(pid, 0);
    if (pid == 0)
        _exit(child() ? 0 : 1);
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(CodeMemory, ChildOfForkWritesItsOwnCopy) {
    uint8_t* a = reserveCode(64);
    fill(a, 64, 1);
    inChild([&] {
        if (a[0] != 1 || a[63] != 1)
            return false;
        fill(a, 64, 2);
        uint8_t* b = reserveCode(64);
        if (!b || b == a)
            return false;
        fill(b, 64, 3);
        return a[0] == 2 && b[0] == 3;
    });
    EXPECT_EQ(a[0], 1);
    releaseCode(a, 64);
}

TEST(CodeMemory, ParentsWritesDoNotReachTheChild) {
    uint8_t* a = reserveCode(64);
    fill(a, 64, 1);
    int toChild[2];
    ASSERT_EQ(pipe(toChild), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        char byte;
        const bool told = read(toChild[0], &byte, 1) == 1;
        _exit(told && a[0] == 1 ? 0 : 1);
    }
    fill(a, 64, 9); // may run before the child's first instruction
    ASSERT_EQ(write(toChild[1], "x", 1), 1);
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT_EQ(a[0], 9);
    close(toChild[0]);
    close(toChild[1]);
    releaseCode(a, 64);
}

// (In a child, since a signal would end the process.)
TEST(CodeMemory, LimitOnFilesDoesNotMatter) {
    uint8_t* a = reserveCode(64);
    fill(a, 64, 1);
    inChild([&] {
        std::signal(SIGXFSZ, SIG_DFL);
        const rlimit limit = {1000, RLIM_INFINITY};
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
            return false;
        uint8_t* b = reserveCode(size_t{20} << 20); // more memory than there was
        if (b == nullptr)
            return false;
        fill(b, 64, 2);
        inChild([&] {
            fill(a, 64, 3);
            fill(b, 64, 4);
            return a[0] == 3 && b[0] == 4;
        });
        return a[0] == 1 && b[0] == 2 && !testing::Test::HasFailure();
    });
    releaseCode(a, 64);
}

size_t addressesUsed() {
    size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    return pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

TEST(CodeMemory, TakesLittleOfLimitedAddresses) {
    inChild([] {
        constexpr size_t kLeft = size_t{512} << 20;
        const size_t before = addressesUsed();
        const rlimit limit = {before + kLeft, RLIM_INFINITY};
        if (setrlimit(RLIMIT_AS, &limit) != 0)
            return false;
        while (reserveCode(4096) != nullptr) {
        }
        const size_t taken = addressesUsed() - before;
        return taken > 0 && taken < kLeft / 10;
    });
}

TEST(CodeMemory, GrowsAsNeeded) {
    const size_t before = addressesUsed();
    inChild([&] {
        if (addressesUsed() > before + (size_t{16} << 20))
            return false;
        std::vector<uint8_t*> codes;
        for (uint8_t value = 1; value <= 100; ++value) {
            codes.push_back(reserveCode(1'000'000));
            if (codes.back() == nullptr)
                return false;
            fill(codes.back(), 1'000'000, value);
        }
        const auto allAreRight = [&] {
            for (size_t i = 0; i < codes.size(); ++i)
                if (codes[i][0] != i + 1 || codes[i][999'999] != i + 1 ||
                    reinterpret_cast<uintptr_t>(codes[i]) >> 32 != 0)
                    return false;
            return true;
        };
        inChild([&] {
            const bool wereRight = allAreRight();
            for (uint8_t* code : codes)
                fill(code, 1'000'000, 0);
            return wereRight;
        });
        return allAreRight() && !testing::Test::HasFailure();
    });
}

TEST(CodeMemory, GrandchildrenToo) {
    uint8_t* a = reserveCode(64);
    fill(a, 64, 1);
    inChild([&] {
        fill(a, 64, 2);
        inChild([&] {
            if (a[0] != 2)
                return false;
            fill(a, 64, 3);
            return a[0] == 3;
        });
        return a[0] == 2 && !testing::Test::HasFailure();
    });
    EXPECT_EQ(a[0], 1);
    releaseCode(a, 64);
}

TEST(CodeMemory, ManyThreads) {
    const size_t before = codeBytesInUse();
    std::vector<std::thread> threads;
    std::atomic<int> bad = 0;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([t, &bad] {
            for (int round = 0; round < 200; ++round) {
                const size_t size = 16 + (round * 37 + t * 11) % 500;
                uint8_t* a = reserveCode(size);
                fill(a, size, static_cast<uint8_t>(t + 1));
                if (std::any_of(a, a + size, [&](uint8_t b) { return b != t + 1; }))
                    ++bad;
                releaseCode(a, size);
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(bad, 0);
    EXPECT_EQ(codeBytesInUse(), before);
}

} // namespace
} // namespace pyston::runtime
