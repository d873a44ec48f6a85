#include "runtime/unwind.h"

#include "runtime/code_memory.h"

#include "cpu/target.h"
#include "support/allocator.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

// Of libgcc: takes and forgets an .eh_frame section, and keeps what it knows of it in the second
// argument. (Without that argument it would take memory for it, and rely on getting some.)
extern "C" void __register_frame_info(const void*, void*);
extern "C" void* __deregister_frame_info(const void*);

// The names, the layout and the empty function that gdb looks for: gdb manual, "JIT Compilation
// Interface". Protected: another JIT compiler in the process has variables of the same names.
extern "C" {
struct jit_code_entry {
    jit_code_entry* next_entry;
    jit_code_entry* prev_entry;
    const char* symfile_addr;
    uint64_t symfile_size;
};
struct jit_descriptor {
    uint32_t version;
    uint32_t action_flag;
    jit_code_entry* relevant_entry;
    jit_code_entry* first_entry;
};
[[gnu::visibility("protected"), gnu::used]] jit_descriptor __jit_debug_descriptor = {1, 0, nullptr,
                                                                                     nullptr};
[[gnu::visibility("protected"), gnu::used, gnu::noinline]] void __jit_debug_register_code() {
    asm volatile("" ::: "memory");
}
}

namespace pyston::runtime {

namespace {

enum GdbAction : uint32_t { kGdbRegister = 1, kGdbUnregister = 2 };

class Bytes {
  public:
    template<typename T> void put(T value) {
        const auto* from = reinterpret_cast<const uint8_t*>(&value);
        bytes_.insert(bytes_.end(), from, from + sizeof value);
    }
    void put(std::span<const uint8_t> bytes) {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    }
    void put(std::string_view text) { // with a terminating zero
        bytes_.insert(bytes_.end(), text.begin(), text.end());
        bytes_.push_back(0);
    }
    void align(size_t to, uint8_t filler = 0) {
        while (bytes_.size() % to != 0)
            bytes_.push_back(filler);
    }
    template<typename T> void patch(size_t at, T value) {
        std::memcpy(bytes_.data() + at, &value, sizeof value);
    }
    size_t size() const { return bytes_.size(); }
    std::vector<uint8_t> take() { return std::move(bytes_); }

  private:
    std::vector<uint8_t> bytes_;
};

// An .eh_frame section: one CIE, one FDE, the terminator. See the LSB, "Exception Frames".
std::vector<uint8_t> makeEhFrame(const uint8_t* base, size_t size, const cpu::UnwindFormat& format,
                                 std::span<const uint8_t> instructions) {
    constexpr uint8_t kAbsolutePointers = 0;
    Bytes out;
    auto record = [&](auto body) {
        const size_t start = out.size();
        out.put(uint32_t{0}); // length, not counting itself
        body();
        out.align(8); // zero is DW_CFA_nop
        // align() counts from the section's start; lengths make the next record begin at a multiple
        // of 8.
        out.patch(start, static_cast<uint32_t>(out.size() - start - 4));
    };
    record([&] {
        out.put(uint32_t{0}); // this is a CIE
        out.put(uint8_t{1});  // version
        out.put(std::string_view("zR"));
        out.put(format.codeAlignment); // small enough to be their own LEB128
        out.put(static_cast<uint8_t>(format.dataAlignment & 0x7f));
        out.put(format.returnColumn);
        out.put(uint8_t{1}); // size of the augmentation
        out.put(kAbsolutePointers);
        out.put(format.initialInstructions);
    });
    const size_t fde = out.size();
    record([&] {
        out.put(static_cast<uint32_t>(fde + 4)); // distance back to the CIE
        out.put(reinterpret_cast<uint64_t>(base));
        out.put(static_cast<uint64_t>(size));
        out.put(uint8_t{0}); // size of the augmentation
        out.put(instructions);
    });
    out.put(uint32_t{0});
    return out.take();
}

// What gdb reads: a relocatable ELF file whose .text lies elsewhere, one function symbol,
// .eh_frame.
std::vector<uint8_t> makeElf(const uint8_t* base, size_t size, const std::string& name,
                             uint16_t machine, std::span<const uint8_t> ehFrame) {
    enum Section : uint16_t { kNull, kText, kEhFrame, kSymbols, kStrings, kSectionNames, kCount };
    Elf64_Shdr sections[kCount] = {};
    Bytes out, names;
    names.put(std::string_view());
    auto begin = [&](Section section, std::string_view sectionName, uint32_t type) -> Elf64_Shdr& {
        out.align(8);
        Elf64_Shdr& header = sections[section];
        header.sh_name = static_cast<uint32_t>(names.size());
        names.put(sectionName);
        header.sh_type = type;
        header.sh_offset = out.size();
        header.sh_addralign = 8;
        return header;
    };
    out.put(Elf64_Ehdr{});

    Elf64_Shdr& text = begin(kText, ".text", SHT_NOBITS);
    text.sh_flags = SHF_ALLOC | SHF_EXECINSTR;
    text.sh_addr = reinterpret_cast<uint64_t>(base);
    text.sh_size = size;
    text.sh_addralign = 16;

    Elf64_Shdr& frames = begin(kEhFrame, ".eh_frame", SHT_PROGBITS);
    frames.sh_flags = SHF_ALLOC;
    frames.sh_size = ehFrame.size();
    out.put(ehFrame);

    Elf64_Shdr& symbols = begin(kSymbols, ".symtab", SHT_SYMTAB);
    symbols.sh_link = kStrings;
    symbols.sh_info = 1; // first global symbol
    symbols.sh_entsize = sizeof(Elf64_Sym);
    symbols.sh_size = 2 * sizeof(Elf64_Sym);
    out.put(Elf64_Sym{});
    out.put(Elf64_Sym{.st_name = 1,
                      .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                      .st_other = STV_DEFAULT,
                      .st_shndx = kText,
                      .st_value = 0,
                      .st_size = size});

    Elf64_Shdr& strings = begin(kStrings, ".strtab", SHT_STRTAB);
    strings.sh_size = name.size() + 2;
    out.put(std::string_view());
    out.put(std::string_view(name));

    Elf64_Shdr& sectionNames = begin(kSectionNames, ".shstrtab", SHT_STRTAB);
    const std::vector<uint8_t> nameBytes = names.take();
    sectionNames.sh_size = nameBytes.size();
    out.put(std::span<const uint8_t>(nameBytes));

    out.align(8);
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_REL;
    header.e_machine = machine;
    header.e_version = EV_CURRENT;
    header.e_shoff = out.size();
    header.e_ehsize = sizeof header;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = kCount;
    header.e_shstrndx = kSectionNames;
    for (const Elf64_Shdr& section : sections)
        out.put(section);
    out.patch(0, header);
    return out.take();
}

struct Registered {
    size_t size;
    std::string name;
    uint16_t elfMachine;
    std::vector<uint8_t> ehFrame;  // libgcc refers to it
    std::array<void*, 8> libgcc{}; // its `struct object`, of six words (unwind-dw2-fde.h)
    std::vector<uint8_t> elf;      // gdb reads it
    jit_code_entry gdb{};
};

class FileCloser {
  public:
    void operator()(FILE* file) const { fclose(file); }
};

class Registry {
  public:
    void add(const uint8_t* base, size_t size, std::string_view name,
             const cpu::UnwindFormat& format, std::span<const uint8_t> instructions);
    void remove(const uint8_t* base);
    void enablePerfMap();
    void enableGdb();

  private:
    void tellGdb(const uint8_t* base, Registered& code);
    void forgetInGdb(Registered& code);
    void writePerfMap(const uint8_t* base, const Registered& code);

    std::mutex mutex_;
    std::map<const uint8_t*, Registered> codes_; // nodes do not move
    bool gdb_ = false;
    bool perfMap_ = false;
    std::unique_ptr<FILE, FileCloser> perfFile_;
    pid_t perfFileOf_ = 0; // the process that opened it
};

Registry& registry() {
    // Never destroyed: code may still run while static objects are being destroyed.
    alignas(Registry) static unsigned char storage[sizeof(Registry)];
    static Registry& instance = *new (storage) Registry;
    return instance;
}

void Registry::add(const uint8_t* base, size_t size, std::string_view name,
                   const cpu::UnwindFormat& format, std::span<const uint8_t> instructions) {
    const support::ReserveScope neverFails;
    std::lock_guard lock(mutex_);
    Registered& code = codes_[base];
    code.size = size;
    code.name = name;
    code.elfMachine = format.elfMachine;
    code.ehFrame = makeEhFrame(base, size, format, instructions);
    __register_frame_info(code.ehFrame.data(), code.libgcc.data());
    if (gdb_)
        tellGdb(base, code);
    if (perfMap_)
        writePerfMap(base, code);
}

void Registry::remove(const uint8_t* base) {
    std::lock_guard lock(mutex_);
    auto it = codes_.find(base);
    if (it == codes_.end())
        return;
    forgetInGdb(it->second);
    __deregister_frame_info(it->second.ehFrame.data());
    codes_.erase(it);
}

void Registry::tellGdb(const uint8_t* base, Registered& code) {
    code.elf = makeElf(base, code.size, code.name, code.elfMachine, code.ehFrame);
    code.gdb.symfile_addr = reinterpret_cast<const char*>(code.elf.data());
    code.gdb.symfile_size = code.elf.size();
    code.gdb.prev_entry = nullptr;
    code.gdb.next_entry = __jit_debug_descriptor.first_entry;
    if (code.gdb.next_entry)
        code.gdb.next_entry->prev_entry = &code.gdb;
    __jit_debug_descriptor.first_entry = &code.gdb;
    __jit_debug_descriptor.relevant_entry = &code.gdb;
    __jit_debug_descriptor.action_flag = kGdbRegister;
    __jit_debug_register_code();
}

void Registry::forgetInGdb(Registered& code) {
    if (code.elf.empty())
        return;
    if (code.gdb.prev_entry)
        code.gdb.prev_entry->next_entry = code.gdb.next_entry;
    else
        __jit_debug_descriptor.first_entry = code.gdb.next_entry;
    if (code.gdb.next_entry)
        code.gdb.next_entry->prev_entry = code.gdb.prev_entry;
    __jit_debug_descriptor.relevant_entry = &code.gdb;
    __jit_debug_descriptor.action_flag = kGdbUnregister;
    __jit_debug_register_code();
}

// Lines "START SIZE name" in hexadecimal: the Linux sources,
// tools/perf/Documentation/jit-interface.txt.
void Registry::writePerfMap(const uint8_t* base, const Registered& code) {
    auto write = [&](const uint8_t* at, const Registered& what) {
        std::fprintf(perfFile_.get(), "%lx %lx %s\n", reinterpret_cast<unsigned long>(at),
                     static_cast<unsigned long>(what.size), what.name.c_str());
    };
    if (perfFileOf_ != getpid()) {
        perfFileOf_ = getpid();
        char path[64];
        std::snprintf(path, sizeof path, "/tmp/perf-%ld.map", static_cast<long>(perfFileOf_));
        // No following of links: the directory is everybody's.
        const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        perfFile_.reset(fd >= 0 ? fdopen(fd, "w") : nullptr);
        if (!perfFile_) {
            perfMap_ = false;
            return;
        }
        for (const auto& [at, known] : codes_)
            write(at, known);
    } else {
        write(base, code);
    }
    std::fflush(perfFile_.get());
}

void Registry::enablePerfMap() {
    std::lock_guard lock(mutex_);
    perfMap_ = true;
    if (!codes_.empty() && perfFileOf_ != getpid())
        writePerfMap(codes_.begin()->first, codes_.begin()->second);
}

void Registry::enableGdb() {
    std::lock_guard lock(mutex_);
    if (gdb_)
        return;
    gdb_ = true;
    for (auto& [base, code] : codes_)
        tellGdb(base, code);
}

} // namespace

void registerNativeCode(const uint8_t* base, size_t size, std::string_view name,
                        const cpu::UnwindFormat& format, std::span<const uint8_t> instructions) {
    registry().add(base, size, name, format, instructions);
}

void unregisterNativeCode(const uint8_t* base) {
    registry().remove(base);
}

void enablePerfMap() {
    useAnonymousCodeMemory();
    registry().enablePerfMap();
}

void enableGdbInterface() {
    registry().enableGdb();
}

} // namespace pyston::runtime
