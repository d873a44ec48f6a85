#include "support/imported_symbols.h"

#include <cstdint>
#include <link.h>
#include <unordered_set>

namespace pyston::support {
namespace {

using Test = std::function<bool(const std::vector<const char*>&)>;

// What an object's dynamic section refers to (ELF gABI, chapter 5).
struct DynamicTables {
    const ElfW(Sym) * symbols = nullptr;
    const char* strings = nullptr;
    size_t end = 0; // imported symbols have lower indices; 0: not known
};

DynamicTables tablesOf(const dl_phdr_info& object) {
    DynamicTables tables;
    // Some loaders relocate these addresses, others leave them.
    const auto address = [&](const ElfW(Dyn) & entry) {
        const ElfW(Addr) value = entry.d_un.d_ptr;
        return value < object.dlpi_addr ? value + object.dlpi_addr : value;
    };
    for (int i = 0; i < object.dlpi_phnum; ++i) {
        if (object.dlpi_phdr[i].p_type != PT_DYNAMIC)
            continue;
        const auto* entry =
            reinterpret_cast<const ElfW(Dyn)*>(object.dlpi_addr + object.dlpi_phdr[i].p_vaddr);
        for (; entry->d_tag != DT_NULL; ++entry) {
            switch (entry->d_tag) {
            case DT_SYMTAB:
                tables.symbols = reinterpret_cast<const ElfW(Sym)*>(address(*entry));
                break;
            case DT_STRTAB:
                tables.strings = reinterpret_cast<const char*>(address(*entry));
                break;
            case DT_GNU_HASH: // what is not in the table comes first
                tables.end = reinterpret_cast<const uint32_t*>(address(*entry))[1];
                break;
            case DT_HASH: // the number of all symbols
                if (tables.end == 0)
                    tables.end = reinterpret_cast<const uint32_t*>(address(*entry))[1];
                break;
            default:
                break;
            }
        }
    }
    return tables;
}

int look(dl_phdr_info* object, size_t, void* context) {
    static std::unordered_set<ElfW(Addr)> seen;
    if (!seen.insert(object->dlpi_addr).second)
        return 0;
    const DynamicTables tables = tablesOf(*object);
    std::vector<const char*> imports;
    if (tables.symbols != nullptr && tables.strings != nullptr)
        for (size_t i = 1; i < tables.end; ++i)
            if (tables.symbols[i].st_shndx == SHN_UNDEF)
                imports.push_back(tables.strings + tables.symbols[i].st_name);
    return (*static_cast<const Test*>(context))(imports) ? 1 : 0;
}

} // namespace

bool anyNewObject(const Test& test) {
    return dl_iterate_phdr(look, const_cast<Test*>(&test)) != 0;
}

} // namespace pyston::support
