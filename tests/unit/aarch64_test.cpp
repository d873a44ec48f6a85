// Runs what the aarch64 emitter makes under qemu-aarch64 (user mode), where that is installed: all
// functions of a test go into one small static program, with helpers in machine code.
#include "emit_fixture.h"

#include <asmjit/arm/a64assembler.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <limits>

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pyston::test {
namespace {

namespace a64 = asmjit::a64;
using lir::Cc;

constexpr uint64_t kCodeBase = 0x10000000, kDataBase = 0x20000000;
constexpr uint64_t kBlob = 0x123456789abc;
// Addresses of the helpers, in slots of 1 KiB after the driver.
constexpr uint64_t kMaterialize = kCodeBase + 0x1000, kResume = kCodeBase + 0x1400,
                   kDealloc = kCodeBase + 0x1800, kCallee = kCodeBase + 0x1c00,
                   kFCallee = kCodeBase + 0x2000, kObserve = kCodeBase + 0x2400,
                   kClasses = kCodeBase + 0x2800, kFunctions = kCodeBase + 0x2c00;
// What frees instances of plain classes is the classes' first word.
constexpr std::array<uint64_t, 3> kPlainClasses = {kClasses, kClasses + 8, kClasses + 16};

// A row of the output: 8 words for the function, then what the driver and the helpers note.
struct Row {
    uint64_t out[8];
    uint64_t result, exited, index, blob, savedSum, resumedWith, deallocated, unused;
    uint64_t gp[32];
    uint64_t fp[32];
    uint64_t spills[8];
};
constexpr int kResult = 64, kExited = 72, kIndex = 80, kBlobAt = 88, kSavedSum = 96, kResumed = 104,
              kDeallocated = 112, kGp = 128, kFp = 384, kSpills = 640;
static_assert(sizeof(Row) == 704);
constexpr int kInputs = 32; // words of a row of inputs

class Program {
  public:
    // Returns the number of the run.
    size_t add(const std::string& text, std::vector<uint64_t> inputs,
               const std::map<int, Place>& homes = {}) {
        auto fn = parseLir(text);
        return add(*fn, placeByHand(*fn, cpu::aarch64(), homes), std::move(inputs));
    }
    size_t add(const lir::Function& fn, const regalloc::Allocation& allocation,
               std::vector<uint64_t> inputs) {
        addFunction(fn, allocation);
        return addRun(std::move(inputs));
    }
    // Another run of the function added last.
    size_t addRun(std::vector<uint64_t> inputs) {
        inputs.resize(kInputs);
        runs_.push_back({functions_.size() - 1, std::move(inputs)});
        return runs_.size() - 1;
    }
    // Runs everything; false where there is no emulator.
    bool run();

    const Row& row(size_t i) const { return rows_.at(i); }
    const cpu::EmittedCode& code(size_t run) const { return functions_[runs_[run].function].code; }
    uint64_t exitValue(size_t run, size_t i) const {
        const cpu::EmittedCode& code = this->code(run);
        const Row& row = this->row(run);
        const auto& at = code.locations.at(code.exits.at(row.index).firstLocation + i);
        switch (at.kind) {
        case exits::Location::kGpRegister:
            return row.gp[at.index];
        case exits::Location::kFpRegister:
            return row.fp[at.index];
        case exits::Location::kSpill:
            return row.spills[at.index];
        case exits::Location::kConst:
            return code.constants.at(at.index);
        default:
            ADD_FAILURE();
            return 0;
        }
    }

  private:
    struct Compiled {
        uint64_t base;
        cpu::EmittedCode code;
    };
    struct Run {
        size_t function;
        std::vector<uint64_t> inputs;
    };
    void addFunction(const lir::Function& fn, const regalloc::Allocation& allocation) {
        const uint64_t base = kFunctions + code_.size();
        auto code = cpu::aarch64().emit(fn, allocation,
                                        {.dealloc = kDealloc,
                                         .materialize = kMaterialize,
                                         .resume = kResume,
                                         .observe = kObserve,
                                         .plainClasses = kPlainClasses,
                                         .classOffset = 8,
                                         .classDeallocOffset = 0,
                                         .frameSlotsOffset = 16,
                                         .framePrevInstrOffset = 8},
                                        base, reinterpret_cast<void*>(kBlob), true);
        ASSERT_FALSE(code.bytes.empty()) << code.listing;
        code_.insert(code_.end(), code.bytes.begin(), code.bytes.end());
        code_.resize((code_.size() + 15) & ~size_t{15});
        functions_.push_back({base, std::move(code)});
    }

    std::vector<uint8_t> code_;
    std::vector<Compiled> functions_;
    std::vector<Run> runs_;
    std::vector<Row> rows_;
};

std::vector<uint8_t> assemble(uint64_t base, const std::function<void(a64::Assembler&)>& body) {
    asmjit::CodeHolder holder;
    holder.init(asmjit::Environment(asmjit::Arch::kAArch64), base);
    a64::Assembler a(&holder);
    body(a);
    holder.flatten();
    holder.resolveUnresolvedLinks();
    holder.relocateToBase(base);
    std::vector<uint8_t> bytes(holder.codeSize());
    holder.copyFlattenedData(bytes.data(), bytes.size());
    return bytes;
}

// Calls {code, entry, inputs, outputs} by {code, entry, inputs, outputs} until code is 0.
void driver(a64::Assembler& a, uint64_t table, uint64_t outputs, uint64_t size) {
    const asmjit::Label loop = a.newLabel(), done = a.newLabel();
    a.mov(a64::x21, table);
    a.bind(loop);
    a.ldr(a64::x9, a64::ptr(a64::x21));
    a.cbz(a64::x9, done);
    a.ldr(a64::x2, a64::ptr(a64::x21, 8));
    a.ldr(a64::x0, a64::ptr(a64::x21, 16));
    a.ldr(a64::x1, a64::ptr(a64::x21, 24));
    for (uint32_t i = 19; i <= 28; ++i)
        if (i != 21)
            a.mov(a64::x(i), i * i);
    a.blr(a64::x9);
    a.ldr(a64::x1, a64::ptr(a64::x21, 24));
    a.str(a64::x0, a64::ptr(a64::x1, kResult));
    for (uint32_t i = 20; i <= 28; ++i)
        if (i != 21)
            a.add(a64::x19, a64::x19, a64::x(i));
    a.str(a64::x19, a64::ptr(a64::x1, kSavedSum));
    a.add(a64::x21, a64::x21, 32);
    a.b(loop);
    a.bind(done);
    a.mov(a64::x0, 1);
    a.mov(a64::x1, outputs);
    a.mov(a64::x2, size);
    a.mov(a64::x8, 64); // write
    a.svc(0);
    a.mov(a64::x0, 0);
    a.mov(a64::x8, 93); // exit
    a.svc(0);
}

constexpr uint64_t kSavedSumExpected = [] {
    uint64_t sum = 0;
    for (uint64_t i = 19; i <= 28; ++i)
        sum += i == 21 ? 0 : i * i;
    return sum;
}();

void copyWords(a64::Assembler& a, int field, int to, int words) {
    a.ldr(a64::x5, a64::ptr(a64::x4, field));
    for (int i = 0; i < words; ++i) {
        a.ldr(a64::x6, a64::ptr(a64::x5, 8 * i));
        a.str(a64::x6, a64::ptr(a64::x1, to + 8 * i));
    }
}

void clobberCallerSaved(a64::Assembler& a) {
    for (uint32_t i = 1; i <= 17; ++i)
        a.mov(a64::x(i), -1);
    for (uint32_t i = 0; i < 32; ++i)
        if (i < 8 || i > 15)
            a.fmov(a64::d(i), a64::x1);
}

void materialize(a64::Assembler& a) {
    a.mov(a64::x9, 1);
    a.str(a64::x9, a64::ptr(a64::x1, kExited));
    a.str(a64::x3, a64::ptr(a64::x1, kIndex));
    a.str(a64::x2, a64::ptr(a64::x1, kBlobAt));
    copyWords(a, 0, kGp, 32);
    copyWords(a, 8, kFp, 32);
    copyWords(a, 16, kSpills, 8);
    clobberCallerSaved(a);
    a.mov(a64::x0, 0x4d4d);
    a.ret(a64::x30);
}

void resume(a64::Assembler& a) {
    a.str(a64::x2, a64::ptr(a64::x1, kResumed));
    a.mov(a64::x0, 0x7777);
    a.ret(a64::x30);
}

// Notes the object in its second word.
void dealloc(a64::Assembler& a) {
    a.mov(a64::x1, 1);
    a.str(a64::x1, a64::ptr(a64::x0, 8));
    clobberCallerSaved(a);
    a.mov(a64::x0, -1);
    a.ret(a64::x30);
}

// Notes the dead object, the record and the machine state; fails when told so by the word before
// the inputs' last.
void observe(a64::Assembler& a) {
    a.str(a64::x5, a64::ptr(a64::x1, kDeallocated));
    a.str(a64::x3, a64::ptr(a64::x1, kIndex));
    a.str(a64::x2, a64::ptr(a64::x1, kBlobAt));
    copyWords(a, 0, kGp, 32);
    copyWords(a, 8, kFp, 32);
    copyWords(a, 16, kSpills, 8);
    a.ldr(a64::x0, a64::ptr(a64::x0, 8 * (kInputs - 1)));
    clobberCallerSaved(a);
    a.ret(a64::x30);
}

// x0 * 1000 + x1 * 100 + ... down to x3, plus x5.
void callee(a64::Assembler& a) {
    a.mov(a64::x9, 10);
    for (uint32_t i = 1; i < 4; ++i)
        a.madd(a64::x0, a64::x0, a64::x9, a64::x(i));
    a.add(a64::x0, a64::x0, a64::x5);
    clobberCallerSaved(a);
    a.ret(a64::x30);
}

// d0 - d1
void fcallee(a64::Assembler& a) {
    a.fsub(a64::d0, a64::d0, a64::d1);
    a.ret(a64::x30);
}

bool Program::run() {
    const char* emulator = "/usr/bin/qemu-aarch64";
#if !defined(__aarch64__)
    if (access(emulator, X_OK) != 0)
        return false;
#else
    emulator = "";
#endif
    const size_t tableWords = 4 * (runs_.size() + 1);
    const uint64_t inputsAt = kDataBase + 8 * tableWords;
    const uint64_t outputsAt = inputsAt + 8 * kInputs * runs_.size();
    std::vector<uint64_t> data;
    for (size_t i = 0; i < runs_.size(); ++i) {
        const Compiled& fn = functions_[runs_[i].function];
        data.insert(data.end(), {fn.base, fn.base + fn.code.entries.at(0).second,
                                 inputsAt + 8 * kInputs * i, outputsAt + sizeof(Row) * i});
    }
    data.resize(tableWords);
    for (const Run& run : runs_)
        data.insert(data.end(), run.inputs.begin(), run.inputs.end());
    data.resize(data.size() + sizeof(Row) / 8 * runs_.size());

    std::vector<uint8_t> text(kFunctions - kCodeBase);
    auto place = [&](uint64_t at, const std::function<void(a64::Assembler&)>& body) {
        const auto bytes = assemble(at, body);
        EXPECT_LE(bytes.size(), 0x400u);
        std::copy(bytes.begin(), bytes.end(), text.begin() + static_cast<long>(at - kCodeBase));
    };
    place(kCodeBase,
          [&](a64::Assembler& a) { driver(a, kDataBase, outputsAt, sizeof(Row) * runs_.size()); });
    place(kMaterialize, materialize);
    place(kResume, resume);
    place(kDealloc, dealloc);
    place(kObserve, observe);
    place(kClasses, [](a64::Assembler& a) {
        for (size_t i = 0; i < kPlainClasses.size(); ++i)
            a.embedUInt64(kDealloc);
    });
    place(kCallee, callee);
    place(kFCallee, fcallee);
    text.insert(text.end(), code_.begin(), code_.end());

    constexpr uint64_t kPage = 0x10000;
    const uint64_t dataFileOffset = (kPage + text.size() + kPage - 1) / kPage * kPage;
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_AARCH64;
    header.e_version = EV_CURRENT;
    header.e_entry = kCodeBase;
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 2;
    const Elf64_Phdr segments[2] = {
        {PT_LOAD, PF_R | PF_X, kPage, kCodeBase, kCodeBase, text.size(), text.size(), kPage},
        {PT_LOAD, PF_R | PF_W, dataFileOffset, kDataBase, kDataBase, 8 * data.size(),
         8 * data.size(), kPage}};
    char path[] = "/tmp/pyston-a64-XXXXXX";
    const int fd = mkstemp(path);
    EXPECT_GE(fd, 0);
    auto put = [&](const void* bytes, size_t size, uint64_t at) {
        EXPECT_EQ(pwrite(fd, bytes, size, static_cast<off_t>(at)), static_cast<ssize_t>(size));
    };
    put(&header, sizeof header, 0);
    put(segments, sizeof segments, sizeof header);
    put(text.data(), text.size(), kPage);
    put(data.data(), 8 * data.size(), dataFileOffset);
    fchmod(fd, 0700);
    close(fd);
    FILE* pipe = popen((std::string(emulator) + " " + path).c_str(), "r");
    rows_.resize(runs_.size());
    const size_t got = fread(rows_.data(), sizeof(Row), rows_.size(), pipe);
    EXPECT_EQ(pclose(pipe), 0);
    EXPECT_EQ(got, rows_.size());
    unlink(path);
    for (size_t i = 0; i < got; ++i) {
        EXPECT_EQ(rows_[i].savedSum, kSavedSumExpected) << "callee-saved registers, run " << i;
        if (rows_[i].exited) {
            EXPECT_EQ(rows_[i].blob, kBlob);
            EXPECT_EQ(rows_[i].resumedWith, 0x4d4du);
            EXPECT_EQ(rows_[i].result, 0x7777u);
        }
    }
    return got == rows_.size();
}

#define RUN_OR_SKIP(program)                                                                       \
    if (!(program).run()) {                                                                        \
        if (!HasFailure())                                                                         \
            GTEST_SKIP() << "no qemu-aarch64";                                                     \
        return;                                                                                    \
    }

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kValues[] = {0,          1,
                               -1,         7,
                               -7,         64,
                               4095,       -4096,
                               0x7fffffff, -0x80000000LL,
                               1LL << 32,  kMax,
                               kMin,       0x123456789abcdef0,
                               3037000500, -3037000500};
const double kNan = std::numeric_limits<double>::quiet_NaN();
const double kDoubles[] = {0.0, -0.0, 1.5, -3.25, 1e300, std::numeric_limits<double>::infinity(),
                           kNan};
uint64_t bitsOf(double d) {
    return std::bit_cast<uint64_t>(d);
}
uint64_t u(int64_t i) {
    return static_cast<uint64_t>(i);
}
std::string dot(Cc cc) {
    return "." + std::string(lir::name(cc)) + " ";
}

const std::string kHead = "function \"t\" slots 0 outgoing 0\n";
const std::string kLoadTwo = kHead + R"(b0: entry 0
  v0 = LoadTstate
  v1 = Load64 [v0]
  v2 = Load64 [v0 + 8]
)";
const std::string kFloatTwo = kHead + R"(b0: entry 0
  v0 = LoadTstate
  v1 = FLoad [v0]
  v2 = FLoad [v0 + 8]
)";
const std::string kExit = R"(exit e0: guard op 9 resume 10 instr 8
  slots
  stack v1 int64, v2 int64
  releases
)";

TEST(A64, IntegerArithmetic) {
    struct Case {
        std::string op;
        std::function<int64_t(int64_t, int64_t)> expected;
    };
    std::vector<Case> cases = {
        {"Add", [](int64_t a, int64_t b) { return int64_t(u(a) + u(b)); }},
        {"Sub", [](int64_t a, int64_t b) { return int64_t(u(a) - u(b)); }},
        {"Mul", [](int64_t a, int64_t b) { return int64_t(u(a) * u(b)); }},
        {"And", [](int64_t a, int64_t b) { return a & b; }},
        {"Or", [](int64_t a, int64_t b) { return a | b; }},
        {"Xor", [](int64_t a, int64_t b) { return a ^ b; }},
        {"Shl", [](int64_t a, int64_t b) { return int64_t(u(a) << (b & 63)); }},
        {"Shr", [](int64_t a, int64_t b) { return int64_t(u(a) >> (b & 63)); }},
        {"Sar", [](int64_t a, int64_t b) { return a >> (b & 63); }},
        {"SDiv", [](int64_t a, int64_t b) { return a / b; }},
        {"SRem", [](int64_t a, int64_t b) { return a % b; }},
    };
    Program program;
    std::vector<std::pair<std::string, int64_t>> expected;
    for (const Case& c : cases) {
        const bool divides = c.op[0] == 'S' && (c.op[1] == 'D' || c.op[1] == 'R');
        for (const std::map<int, Place>& homes :
             {std::map<int, Place>{}, std::map<int, Place>{{1, reg(3)}, {3, reg(3)}},
              std::map<int, Place>{{1, reg(25)}, {2, reg(15)}, {3, reg(28)}}}) {
            bool isNew = true;
            for (int64_t a : kValues)
                for (int64_t b : kValues) {
                    if (divides && (b == 0 || b == -1))
                        continue;
                    if (isNew)
                        program.add(kLoadTwo + "  v3 = " + c.op + " v1, v2\n  Ret v3\n",
                                    {u(a), u(b)}, homes);
                    else
                        program.addRun({u(a), u(b)});
                    isNew = false;
                    expected.emplace_back(c.op, c.expected(a, b));
                }
        }
        for (int64_t b : kValues) {
            if (divides || b != static_cast<int32_t>(b))
                continue;
            program.add(kLoadTwo + "  v3 = " + c.op + " v1, " + std::to_string(b) + "\n  Ret v3\n",
                        {5, 0});
            expected.emplace_back(c.op + " imm", c.expected(5, b));
            program.addRun({u(kMin), 0});
            expected.emplace_back(c.op + " imm", c.expected(kMin, b));
        }
    }
    for (const char* op : {"Neg", "Not", "Move"})
        for (int64_t a : kValues) {
            program.add(kLoadTwo + "  v3 = " + op + " v1\n  Ret v3\n", {u(a), 0});
            expected.emplace_back(op, op[0] == 'M' ? a : op[1] == 'e' ? int64_t(-u(a)) : ~a);
        }
    RUN_OR_SKIP(program);
    for (size_t i = 0; i < expected.size(); ++i)
        ASSERT_EQ(static_cast<int64_t>(program.row(i).result), expected[i].second)
            << expected[i].first << "\n"
            << program.code(i).listing;
}

TEST(A64, OverflowExits) {
    struct Case {
        const char* op;
        bool (*overflows)(int64_t, int64_t, int64_t*);
    };
    const Case cases[] = {
        {"AddExit",
         [](int64_t a, int64_t b, int64_t* r) { return __builtin_add_overflow(a, b, r); }},
        {"SubExit",
         [](int64_t a, int64_t b, int64_t* r) { return __builtin_sub_overflow(a, b, r); }},
        {"MulExit",
         [](int64_t a, int64_t b, int64_t* r) { return __builtin_mul_overflow(a, b, r); }},
    };
    Program program;
    struct Expected {
        const Case* c;
        int64_t a, b, shownB;
    };
    std::vector<Expected> expected;
    for (const Case& c : cases) {
        bool isNew = true;
        for (int64_t a : kValues)
            for (int64_t b : kValues) {
                if (isNew)
                    program.add(kLoadTwo + "  v3 = " + c.op + " v1, v2 -> e0\n  Ret v3\n" + kExit,
                                {u(a), u(b)});
                else
                    program.addRun({u(a), u(b)});
                isNew = false;
                expected.push_back({&c, a, b, b});
            }
        for (int64_t b : {1, -1, 7, 5000, -5000}) {
            program.add(kLoadTwo + "  v3 = " + c.op + " v1, " + std::to_string(b) +
                            " -> e0\n  Ret v3\n" + kExit,
                        {u(kMax), 77});
            expected.push_back({&c, kMax, b, 77});
            program.addRun({u(kMin), 77});
            expected.push_back({&c, kMin, b, 77});
        }
    }
    const size_t neg =
        program.add(kLoadTwo + "  v3 = NegExit v1 -> e0\n  Ret v3\n" + kExit, {u(kMin), 0});
    program.addRun({u(kMax), 0});
    RUN_OR_SKIP(program);
    for (size_t i = 0; i < expected.size(); ++i) {
        const Expected& e = expected[i];
        int64_t value;
        const bool leaves = e.c->overflows(e.a, e.b, &value);
        ASSERT_EQ(program.row(i).exited, leaves) << e.c->op << " " << e.a << " " << e.b;
        if (leaves) {
            ASSERT_EQ(program.exitValue(i, 0), u(e.a));
            ASSERT_EQ(program.exitValue(i, 1), u(e.shownB));
        } else {
            ASSERT_EQ(program.row(i).result, u(value)) << e.c->op << " " << e.a << " " << e.b;
        }
    }
    EXPECT_TRUE(program.row(neg).exited);
    EXPECT_EQ(program.row(neg + 1).result, u(-kMax));
}

template<typename T> bool holds(Cc cc, T a, T b) {
    switch (cc) {
    case Cc::kEq:
        return a == b;
    case Cc::kNe:
        return a != b;
    case Cc::kLt:
        return a < b;
    case Cc::kLe:
        return a <= b;
    case Cc::kGt:
        return a > b;
    case Cc::kGe:
        return a >= b;
    case Cc::kFNotLt:
        return !(a < b);
    case Cc::kFNotLe:
        return !(a <= b);
    case Cc::kFNotGt:
        return !(a > b);
    case Cc::kFNotGe:
        return !(a >= b);
    case Cc::kULt:
        return u(a) < u(b);
    case Cc::kULe:
        return u(a) <= u(b);
    case Cc::kUGt:
        return u(a) > u(b);
    case Cc::kUGe:
        return u(a) >= u(b);
    }
    return false;
}

TEST(A64, Comparisons) {
    Program program;
    std::vector<std::pair<std::string, uint64_t>> expected;
    auto addAll = [&](const std::string& text, auto values, bool isInt, auto want, Cc cc) {
        bool isNew = true;
        for (auto a : values)
            for (auto b : values) {
                const std::vector<uint64_t> inputs = {std::bit_cast<uint64_t>(a),
                                                      std::bit_cast<uint64_t>(b)};
                isNew ? program.add(text, inputs) : program.addRun(inputs);
                isNew = false;
                expected.emplace_back((isInt ? "int" : "float") + dot(cc), want(holds(cc, a, b)));
            }
    };
    const std::vector<int64_t> ints(std::begin(kValues), std::end(kValues));
    const std::vector<double> doubles(std::begin(kDoubles), std::end(kDoubles));
    const std::string branches = "b1, b2\nb1:\n  v3 = LoadImm 11\n  Ret v3\n"
                                 "b2:\n  v4 = LoadImm 22\n  Ret v4\n";
    const std::string exit = "  Ret v0\nexit e0: guard op 1 resume 2 instr 0\n  slots\n"
                             "  stack\n  releases\n";
    auto asIs = [](bool yes) -> uint64_t { return yes; };
    auto branched = [](bool yes) -> uint64_t { return yes ? 11 : 22; };
    std::vector<std::pair<size_t, size_t>> exitRuns;
    for (int i = 0; i <= static_cast<int>(Cc::kFNotGe); ++i) {
        const Cc cc = static_cast<Cc>(i);
        if (cc <= Cc::kUGe) {
            addAll(kLoadTwo + "  v3 = SetCmp" + dot(cc) + "v1, v2\n  Ret v3\n", ints, true, asIs,
                   cc);
            addAll(kLoadTwo + "  Branch" + dot(cc) + "v1, v2, " + branches, ints, true, branched,
                   cc);
        }
        if (cc <= Cc::kGe || cc >= Cc::kFNotLt) {
            addAll(kFloatTwo + "  v3 = FSetCmp" + dot(cc) + "v1, v2\n  Ret v3\n", doubles, false,
                   asIs, cc);
            addAll(kFloatTwo + "  FBranch" + dot(cc) + "v1, v2, " + branches, doubles, false,
                   branched, cc);
            const size_t first = expected.size();
            addAll(kFloatTwo + "  FExitIf" + dot(cc) + "v1, v2 -> e0\n" + exit, doubles, false,
                   asIs, cc);
            exitRuns.emplace_back(first, expected.size());
        }
        if (cc <= Cc::kUGe) {
            const size_t first = expected.size();
            addAll(kLoadTwo + "  ExitIf" + dot(cc) + "v1, v2 -> e0\n" + exit, ints, true, asIs, cc);
            addAll(kLoadTwo + "  ExitIfMem64" + dot(cc) + "[v0], v2 -> e0\n" + exit, ints, true,
                   asIs, cc);
            exitRuns.emplace_back(first, expected.size());
        }
    }
    RUN_OR_SKIP(program);
    for (auto [begin, end] : exitRuns)
        for (size_t i = begin; i < end; ++i)
            ASSERT_EQ(program.row(i).exited, expected[i].second) << expected[i].first;
    for (auto [begin, end] : exitRuns)
        for (size_t i = begin; i < end; ++i)
            expected[i].second = program.row(i).result;
    for (size_t i = 0; i < expected.size(); ++i)
        ASSERT_EQ(program.row(i).result, expected[i].second) << expected[i].first << "\n"
                                                             << program.code(i).listing;
}

TEST(A64, FloatsConstantsAndSelect) {
    Program program;
    std::vector<std::pair<std::string, uint64_t>> expected;
    auto one = [&](const std::string& text, std::vector<uint64_t> inputs, uint64_t want) {
        program.add(text, std::move(inputs));
        expected.emplace_back(text, want);
    };
    auto fp = [&](const std::string& op, double a, double b, double want) {
        one(kFloatTwo + "  v3 = " + op + "\n  v4 = FloatBits v3\n  Ret v4\n",
            {bitsOf(a), bitsOf(b)}, bitsOf(want));
    };
    fp("FAdd v1, v2", 1.5, 2.25, 3.75);
    fp("FSub v1, v2", 1.5, 2.25, -0.75);
    fp("FMul v1, v2", 1.5, -2.5, -3.75);
    fp("FDiv v1, v2", 1.0, 8.0, 0.125);
    fp("FNeg v1", 0.0, 0, -0.0);
    fp("FAbs v1", -2.5, 0, 2.5);
    fp("FSqrt v1", 6.25, 0, 2.5);
    fp("FMove v2", 0, 9.5, 9.5);
    for (int64_t a : kValues) {
        one(kLoadTwo + "  v3 = IntToFloat v1\n  v4 = FloatBits v3\n  Ret v4\n", {u(a), 0},
            bitsOf(static_cast<double>(a)));
        char hex[32];
        std::snprintf(hex, sizeof hex, "0x%llx", static_cast<unsigned long long>(a));
        one(kHead + "b0: entry 0\n  v0 = LoadImm " + hex + "\n  Ret v0\n", {}, u(a));
        one(kHead + "b0: entry 0\n  v0 = FLoadImm " + hex + "\n  v1 = FloatBits v0\n  Ret v1\n", {},
            u(a));
    }
    for (uint64_t value : {0xffff0000ffff1234u, uint64_t{0xffffffff0000ffff}, uint64_t{0xabcd0000},
                           uint64_t{0x5555555555555555}, uint64_t{0xffffffffffff0000}})
        one(
            kHead + "b0: entry 0\n  v0 = LoadImm 0x" +
                [&] {
                    char hex[20];
                    std::snprintf(hex, sizeof hex, "%llx", static_cast<unsigned long long>(value));
                    return std::string(hex);
                }() +
                "\n  Ret v0\n",
            {}, value);
    for (int64_t a : {-1, 0, 1})
        one(kLoadTwo + "  v3 = LoadImm 5\n  v4 = Select.lt v1, 0, v2, v3\n  Ret v4\n", {u(a), 9},
            a < 0 ? 9 : 5);
    RUN_OR_SKIP(program);
    for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(program.row(i).result, expected[i].second)
            << expected[i].first << program.code(i).listing;
}

TEST(A64, Memory) {
    Program program;
    std::vector<std::pair<std::string, uint64_t>> loads;
    std::vector<uint64_t> inputs(kInputs);
    for (size_t i = 0; i < inputs.size(); ++i)
        inputs[i] = 0x8182838485868788 + i;
    auto load = [&](const std::string& op, uint64_t want) {
        program.add(kHead +
                        "b0: entry 0\n  v0 = LoadTstate\n  v1 = LoadImm 3\n  v4 = LoadImm 80000\n"
                        "  v5 = Sub v0, v4\n  v6 = Add v0, 64\n  v2 = " +
                        op + "\n  Ret v2\n",
                    inputs);
        loads.emplace_back(op, want);
    };
    load("Load64 [v0 + 16]", inputs[2]);
    load("Load64 [v6 - 8]", inputs[7]);
    load("Load64 [v5 + 80016]", inputs[2]);
    load("Load32U [v0 + 4]", 0x81828384);
    load("Load32S [v0 + 4]", 0xffffffff81828384);
    load("Load32S [v5 + 80004]", 0xffffffff81828384);
    load("Load8U [v0 + 5]", 0x83);
    load("LoadIdx64 [v0 + v1*8 + 8]", inputs[4]);
    load("LoadIdx64 [v0 + v1*8]", inputs[3]);
    load("LoadIdx64 [v0 + v1*1 + 5]", inputs[1]);

    struct Store {
        const char* op;
        uint64_t want; // of the word at 8, which was all zero
    };
    const Store stores[] = {
        {"Store64 [v0 + 8], v2", 0x1122334455667788},
        {"Store32 [v0 + 8], v2", 0x55667788},
        {"Store8 [v0 + 9], v2", 0x8800},
        {"Store64 [v0 + 8], -2", u(-2)},
        {"Store64 [v0 + 8], 0", 0},
        {"Store32 [v0 + 12], 7", uint64_t{7} << 32},
        {"Store8 [v0 + 8], 255", 255},
        {"Store64 [v5 + 80008], 123456", 123456},
        {"StoreIdx64 [v0 + v1*8 - 16], v2", 0x1122334455667788},
        {"FStore [v0 + 8], v3", 0x1122334455667788},
        {"AddMem64 [v0 + 8], 7", 7},
        {"AddMem64 [v0 + 8], -7", u(-7)},
        {"AddMem64 [v0 + 8], 0x123456789abcdef", 0x123456789abcdef},
        {"AddMem64 [v5 + 80008], 100000", 100000},
        {"AddMem32 [v0 + 8], -1", 0xffffffff},
        {"AddMem32 [v0 + 12], 100000", uint64_t{100000} << 32},
    };
    const size_t firstStore = loads.size();
    for (const Store& store : stores)
        program.add(kHead +
                        "b0: entry 0\n  v0 = LoadFrame\n  v1 = LoadImm 3\n"
                        "  v2 = LoadImm 0x1122334455667788\n  v3 = FLoadImm 0x1122334455667788\n"
                        "  v4 = LoadImm 80000\n  v5 = Sub v0, v4\n  " +
                        store.op + "\n  Ret v1\n",
                    {});
    // Narrow memory comparisons: the exit is taken.
    const char* memoryExits[] = {
        "ExitIfMem8.eq [v0 + 1], 135", "ExitIfMem8.ugt [v0 + 1], 100",
        "ExitIfMem32.lt [v0 + 4], 0",  "ExitIfMem32.eq [v0 + 4], -2122153084",
        "ExitIfMem64.eq [v0], v7",     "ExitIfMem32.ugt [v0 + 4], v1"};
    const size_t firstExit = firstStore + std::size(stores);
    for (const char* op : memoryExits)
        program.add(kHead +
                        "b0: entry 0\n  v0 = LoadTstate\n  v1 = LoadImm 3\n"
                        "  v7 = LoadImm 0x8182838485868788\n  " +
                        op +
                        " -> e0\n  Ret v1\nexit e0: guard op 1 resume 2 instr 0\n  slots\n  stack\n"
                        "  releases\n",
                    inputs);
    RUN_OR_SKIP(program);
    for (size_t i = 0; i < loads.size(); ++i)
        EXPECT_EQ(program.row(i).result, loads[i].second) << program.code(i).listing;
    for (size_t i = 0; i < std::size(stores); ++i)
        EXPECT_EQ(program.row(firstStore + i).out[1], stores[i].want)
            << program.code(firstStore + i).listing;
    for (size_t i = 0; i < std::size(memoryExits); ++i)
        EXPECT_TRUE(program.row(firstExit + i).exited) << memoryExits[i];
}

TEST(A64, CallsAndColdCalls) {
    Program program;
    const std::string call = std::to_string(kCallee);
    // Exchanged argument registers, an immediate, a sixth argument.
    const size_t direct =
        program.add(kLoadTwo + "  v3 = Call " + call + ", v2, v1, 3, v1, 0, 500000\n  Ret v3\n",
                    {1, 2}, {{1, reg(0)}, {2, reg(1)}});
    const size_t far =
        program.add(kLoadTwo +
                        "  v3 = FLoad [v0 + 16]\n  v4 = FLoad [v0 + 24]\n"
                        "  v5 = FCall " +
                        std::to_string(kFCallee) + ", v3, v4\n  v6 = FloatBits v5\n  Ret v6\n",
                    {0, 0, bitsOf(5.5), bitsOf(2.0)}, {{3, reg(1)}, {4, reg(0)}});
    // Through memory; the base is an argument register that changes.
    const size_t memory = program.add(
        kLoadTwo + "  v3 = LoadTstate\n  v4 = CallMem [v3 + 16], v1, v2, 0, 1, 0, 0\n  Ret v4\n",
        {7, 8, kCallee}, {{3, reg(0)}, {1, reg(1)}, {2, reg(2)}});
    const size_t pointer =
        program.add("function \"t\" slots 0 outgoing 24\nb0: entry 0\n  v0 = LoadStackPointer\n"
                    "  v1 = StackAddr 0\n  v2 = Sub v1, v0\n  Ret v2\n",
                    {});
    // The program has no thread-local data: its thread pointer is 0. The first word of its data is
    // the first function's address.
    const size_t local = program.add(kHead + "b0: entry 0\n  v0 = LoadThreadLocal " +
                                         std::to_string(kDataBase) + "\n  Ret v0\n",
                                     {});
    const std::string cold = kHead + R"(b0: entry 0
  v0 = LoadTstate
  v1 = Load64 [v0]
  v2 = Load64 [v0 + 8]
  v3 = Load64 [v0 + 16]
  v4 = FLoad [v0 + 24]
  v5 = ColdCall.eq v1, )" + call +
                             R"(, v2, v3, 5, 6, 0, 0
  v6 = LoadFrame
  Store64 [v6], v2
  Store64 [v6 + 8], v3
  FStore [v6 + 16], v4
  Ret v5
)";
    const std::map<int, Place> homes = {
        {1, reg(9)}, {2, reg(1)}, {3, reg(0)}, {4, reg(20)}, {5, reg(12)}};
    const size_t taken = program.add(cold, {0, 3, 4, bitsOf(1.5)}, homes);
    const size_t skipped = program.addRun({9, 3, 4, bitsOf(1.5)});
    // Reference counts. The object lies in the inputs, at words 8 and 9.
    const std::string counts = kHead +
                               "b0: entry 0\n  v0 = LoadTstate\n  v1 = Lea [v0 + 64]\n"
                               "  v2 = LoadImm 0\n  v5 = Load64 [v0 + 40]\n  XIncref v2\n"
                               "  XDecref v2\n  Incref v1\n  XDecref v1\n  Decref v1\n"
                               "  v3 = Load64 [v1 + 8]\n  v4 = Load64 [v1]\n  v6 = Shl v3, 8\n"
                               "  v7 = Or v6, v4\n  v8 = Add v7, v5\n  Ret v8\n";
    const size_t dies = program.add(counts, {0, 0, 0, 0, 0, 4096, 0, 0, 1, 0});
    const size_t lives = program.addRun({0, 0, 0, 0, 0, 4096, 0, 0, 5, 0});
    RUN_OR_SKIP(program);
    EXPECT_EQ(program.row(direct).result, 2131u + 500000u) << program.code(direct).listing;
    EXPECT_EQ(program.row(far).result, bitsOf(3.5));
    EXPECT_EQ(program.row(memory).result, 7801u);
    EXPECT_EQ(program.row(pointer).result, 8u) << program.code(pointer).listing;
    EXPECT_EQ(program.row(local).result, kFunctions) << program.code(local).listing;
    EXPECT_EQ(program.row(taken).result, 3456u) << program.code(taken).listing;
    EXPECT_EQ(program.row(skipped).result, 9u);
    for (size_t run : {taken, skipped}) {
        EXPECT_EQ(program.row(run).out[0], 3u);
        EXPECT_EQ(program.row(run).out[1], 4u);
        EXPECT_EQ(program.row(run).out[2], bitsOf(1.5));
    }
    EXPECT_EQ(program.row(dies).result, 0x100u + 4096) << program.code(dies).listing;
    EXPECT_EQ(program.row(lives).result, 4u + 4096);
}

TEST(A64, ReleaseAndServeShowTheFrame) {
    Program program;
    // The object lies in the inputs, at words 8 and 9.
    std::string body = "function \"t\" slots 4 outgoing 0\nb0: entry 0\n  v0 = LoadTstate\n"
                       "  v1 = Lea [v0 + 64]\n  v2 = FLoad [v0 + 8]\n";
    std::string sum = "  v12 = LoadImm 0\n";
    for (int i = 3; i < 12; ++i) {
        body += "  v" + std::to_string(i) + " = LoadImm " + std::to_string(1 << i) + "\n";
        sum += "  v" + std::to_string(i + 10) + " = Add v" + std::to_string(i + 9) + ", v" +
               std::to_string(i) + "\n";
    }
    sum += "  v22 = FloatBits v2\n  v23 = Add v21, v22\n  Ret v23\n";
    const std::string exit = " op 0 resume 7 instr 7\n"
                             "  slots v4 object, v2 double, const 0x77 int64, null\n  stack\n"
                             "  releases\n";
    const uint64_t expected = 4088 + bitsOf(1.5);
    auto release = parseLir(body + "  XRelease v1 -> e0\n" + sum + "exit e0: observed" + exit);
    auto serve =
        parseLir(body + "  ServeIfMem32 [v0 + 16] -> e0\n" + sum + "exit e0: error" + exit);
    const auto allocate = [](const lir::Function& fn) {
        return regalloc::allocate(fn, cpu::aarch64());
    };
    std::vector<uint64_t> inputs(kInputs);
    inputs[1] = bitsOf(1.5);
    inputs[8] = 2;
    const size_t lives = program.add(*release, allocate(*release), inputs);
    inputs[8] = 1;
    const size_t dies = program.addRun(inputs);
    inputs[9] = kPlainClasses[1];
    const size_t plain = program.addRun(inputs);
    inputs[2] = uint64_t{1} << 32;
    const size_t idle = program.add(*serve, allocate(*serve), inputs);
    inputs[2] = 1;
    const size_t served = program.addRun(inputs);
    inputs[kInputs - 1] = static_cast<uint64_t>(-1);
    const size_t failed = program.addRun(inputs);
    RUN_OR_SKIP(program);
    for (size_t run : {lives, dies, plain, idle, served})
        EXPECT_EQ(program.row(run).result, expected) << run << program.code(run).listing;
    for (size_t run : {lives, plain, idle})
        EXPECT_EQ(program.row(run).blob, 0u) << run;
    for (size_t run : {dies, served, failed}) {
        EXPECT_EQ(program.row(run).blob, kBlob) << run;
        EXPECT_EQ(program.exitValue(run, 0), 16u);
        EXPECT_EQ(program.exitValue(run, 1), bitsOf(1.5));
        EXPECT_EQ(program.row(run).exited, run == failed);
    }
    EXPECT_NE(program.row(dies).deallocated, 0u);
    EXPECT_EQ(program.row(served).deallocated, 0u);
}

// A frame that shows objects only is shown by stores.
TEST(A64, ReleaseStoresWhatTheFrameShows) {
    Program program;
    // The object lies in the inputs, at words 8 and 9.
    std::string body = "function \"t\" slots 6 outgoing 0\nb0: entry 0\n  v0 = LoadTstate\n"
                       "  v1 = Lea [v0 + 64]\n";
    std::string sum = "  v40 = LoadImm 0\n";
    for (int i = 2; i < 32; ++i) {
        body += "  v" + std::to_string(i) + " = LoadImm " + std::to_string(uint64_t{1} << i) + "\n";
        sum += "  v" + std::to_string(i + 39) + " = Add v" + std::to_string(i + 38) + ", v" +
               std::to_string(i) + "\n";
    }
    body += "  Release v1 -> e0\n" + sum +
            "  Ret v70\nexit e0: observed op 0 resume 7 instr 7 address 0x123456789ab\n"
            "  slots v2 object, frame, const 0x77 object, v31 object, null, "
            "const 0x123456789a object\n  stack\n  releases\n";
    auto fn = parseLir(body);
    std::vector<uint64_t> inputs(kInputs);
    inputs[8] = 2;
    inputs[9] = kPlainClasses[0];
    const size_t lives = program.add(*fn, regalloc::allocate(*fn, cpu::aarch64()), inputs);
    inputs[8] = 1;
    const size_t dies = program.addRun(inputs);
    RUN_OR_SKIP(program);
    for (size_t run : {lives, dies}) {
        EXPECT_EQ(program.row(run).result, 0xfffffffcu) << run << program.code(run).listing;
        EXPECT_EQ(program.row(run).blob, 0u) << run; // no observation
    }
    const uint64_t expected[] = {0x123456789ab, 4, 0, 0x77, 1u << 31, 0, 0x123456789a};
    for (size_t i = 0; i < std::size(expected); ++i) {
        EXPECT_EQ(program.row(lives).out[i + 1], 0u);
        EXPECT_EQ(program.row(dies).out[i + 1], expected[i]) << i;
    }
}

TEST(A64, ExitStateLoopAndSpills) {
    Program program;
    const size_t loop = program.add(kHead + R"(b0: entry 0
  v0 = LoadTstate
  v1 = Load64 [v0]
  v2 = LoadImm 0
  v3 = LoadImm 1
  Jump b1(v2, v3, v1)
b1(v4:g, v5:g, v6:g): depth 1
  Branch.gt v6, 0, b2, b3
b2: depth 1
  v7 = Add v4, v5
  v8 = Sub v6, 1
  Jump b1(v5, v7, v8)
b3:
  Ret v4
)",
                                    {90});
    using lir::RegClass;
    auto fn = parseLir("function \"t\" slots 2 outgoing 24\nb0: entry 0\n  v0 = LoadTstate\n"
                       "  v1 = Load64 [v0]\n  v2 = Load64 [v0 + 8]\n  v3 = FLoad [v0 + 16]\n"
                       "  StackStore 16, v1\n  v4 = StackLoad 16\n  v5 = StackAddr 16\n"
                       "  v6 = Load64 [v5]\n  Exit -> e0\n"
                       "exit e0: deopt op 33 resume 40 instr 38\n"
                       "  slots v1 object, v2 object\n"
                       "  stack v3 double, v4 int64, v6 int64, const 99 int64\n  releases\n");
    auto allocation = placeByHand(*fn, cpu::aarch64());
    allocation.numSpills = 5;
    auto& last = allocation.blocks[0].instrs.back();
    const Place v1 = last.exitSlots[0], v2 = last.exitSlots[1], v3 = last.exitStack[0];
    // Twice to memory and across, so that the last value of each place matters.
    allocation.blocks[0].instrs[4].before = {{RegClass::kInt, v2, slot(0)},
                                             {RegClass::kFloat, v3, slot(1)}};
    last.before = {{RegClass::kInt, slot(0), slot(4)},
                   {RegClass::kFloat, slot(1), slot(0)},
                   {RegClass::kInt, v1, v2},
                   {RegClass::kInt, v2, v1}};
    last.exitSlots[0] = v2;
    last.exitSlots[1] = slot(4);
    last.exitStack[0] = slot(0);
    const size_t leave = program.add(*fn, allocation, {11, 22, bitsOf(3.5)});
    // Far spill slots need their offset in a register.
    auto deep = parseLir(kLoadTwo + "  v3 = Sub v1, v2\n  Ret v3\n");
    auto deepPlaces = placeByHand(*deep, cpu::aarch64());
    deepPlaces.numSpills = 6000;
    auto& sub = deepPlaces.blocks[0].instrs[3];
    sub.before = {{RegClass::kInt, sub.operands[0], slot(5999)}};
    auto& ret = deepPlaces.blocks[0].instrs[4];
    ret.before = {{RegClass::kInt, slot(5999), slot(5998)},
                  {RegClass::kInt, ret.operands[0], reg(27)}};
    sub.operands[0] = sub.operands[0];
    ret.operands[0] = reg(27);
    const size_t far = program.add(*deep, deepPlaces, {50, 8});
    RUN_OR_SKIP(program);
    EXPECT_EQ(program.row(loop).result, 2880067194370816120u);
    ASSERT_TRUE(program.row(leave).exited);
    EXPECT_EQ(program.exitValue(leave, 0), 11u) << program.code(leave).listing;
    EXPECT_EQ(program.exitValue(leave, 1), 22u);
    EXPECT_EQ(program.exitValue(leave, 2), bitsOf(3.5));
    EXPECT_EQ(program.exitValue(leave, 3), 11u);
    EXPECT_EQ(program.exitValue(leave, 4), 11u);
    EXPECT_EQ(program.exitValue(leave, 5), 99u);
    EXPECT_EQ(program.row(far).result, 42u) << program.code(far).listing;
}

// Needs no emulator: the words of a small function, from the architecture manual's encodings.
TEST(A64, Encodings) {
    auto fn = parseLir(kLoadTwo + "  v3 = Add v1, v2\n  Ret v3\n");
    auto allocation =
        placeByHand(*fn, cpu::aarch64(), {{0, reg(0)}, {1, reg(1)}, {2, reg(2)}, {3, reg(3)}});
    const auto code = cpu::aarch64().emit(*fn, allocation, {}, kCodeBase, nullptr, false);
    const uint32_t expected[] = {
        0xa9bf7bfd, // stp x29, x30, [sp, #-16]!
        0x910003fd, // mov x29, sp
        0xd10043ff, // sub sp, sp, #16
        0xf81f83b3, // stur x19, [x29, #-8]
        0xf81f03b4, // stur x20, [x29, #-16]
        0xaa0003f3, // mov x19, x0
        0xaa0103f4, // mov x20, x1
        0xd61f0040, // br x2
        0xaa1303e0, // mov x0, x19
        0xf9400001, // ldr x1, [x0]
        0xf9400402, // ldr x2, [x0, #8]
        0x8b020023, // add x3, x1, x2
        0xaa0303e0, // mov x0, x3
        0xf85f83b3, // ldur x19, [x29, #-8]
        0xf85f03b4, // ldur x20, [x29, #-16]
        0x910003bf, // mov sp, x29
        0xa8c17bfd, // ldp x29, x30, [sp], #16
        0xd65f03c0, // ret
    };
    ASSERT_EQ(code.bytes.size(), sizeof expected);
    for (size_t i = 0; i < std::size(expected); ++i) {
        uint32_t word;
        std::memcpy(&word, &code.bytes[4 * i], 4);
        EXPECT_EQ(word, expected[i]) << i;
    }
}

} // namespace
} // namespace pyston::test
