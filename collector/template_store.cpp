#include "collector/template_store.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sandbox/output_folder.hpp"
#include "wire/layout.hpp"

namespace voipprobe::collector {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kMaxFile = 64U << 20;
constexpr std::size_t kMaxTemplates = 100'000;

fs::path file_of(const fs::path& folder) { return folder / "templates.json"; }

template <typename T>
bool number(const Json& from, const char* key, std::uint64_t most, T& out) {
    const auto it = from.find(key);
    if (it == from.end() || !it->is_number_unsigned() || it->get<std::uint64_t>() > most) return false;
    out = static_cast<T>(it->get<std::uint64_t>());
    return true;
}

bool field(const Json& f, bool ipfix, wire::TemplateSpec& spec) {
    if (!f.is_array() || f.size() != 3) return false;
    for (const Json& n : f)
        if (!n.is_number_unsigned()) return false;
    const std::uint64_t pen = f[0].get<std::uint64_t>(), id = f[1].get<std::uint64_t>(), length = f[2].get<std::uint64_t>();
    if (pen > UINT32_MAX || id > UINT16_MAX || length > UINT16_MAX || (!ipfix && pen != 0)) return false;
    const bool variable = ipfix && length == wire::kVariable;
    if (ipfix && length == 0) return false;
    spec.fields.push_back({static_cast<std::uint32_t>(pen), static_cast<std::uint16_t>(id), static_cast<std::uint16_t>(length)});
    spec.variable |= variable;
    spec.shortest += variable ? 1 : static_cast<std::uint32_t>(length);
    return true;
}

bool read_one(const Json& j, StoredTemplate& t) {
    if (!j.is_object()) return false;
    const auto address = j.find("address");
    if (address == j.end() || !address->is_string()) return false;
    const auto parsed = wire::IpAddress::parse(address->get<std::string>());
    unsigned version = 0;
    if (!parsed || !number(j, "port", UINT16_MAX, t.exporter.port) || !number(j, "domain", UINT32_MAX, t.domain) ||
        !number(j, "version", 10, version) || version < 9 || !number(j, "id", UINT16_MAX, t.spec.id) || t.spec.id < 256 ||
        !number(j, "scope", wire::kMaxTemplateFields, t.spec.scope_count))
        return false;
    t.exporter.address = *parsed;
    t.protocol = version == 9 ? wire::FlowProtocol::netflow9 : wire::FlowProtocol::ipfix;
    const auto fields = j.find("fields");
    if (fields == j.end() || !fields->is_array() || fields->empty() || fields->size() > wire::kMaxTemplateFields) return false;
    for (const Json& f : *fields)
        if (!field(f, version == 10, t.spec)) return false;
    return t.spec.scope_count <= t.spec.fields.size() && t.spec.shortest > 0 && t.spec.shortest <= 65535;
}

}  // namespace

std::string templates_to_json(const std::vector<StoredTemplate>& templates) {
    std::string out = "[\n";
    for (const StoredTemplate& t : templates) {
        Json fields = Json::array();
        for (const wire::FieldSpec& f : t.spec.fields) fields.push_back({f.pen, f.number, f.length});
        const Json j{{"address", t.exporter.address.text()}, {"port", t.exporter.port}, {"domain", t.domain},
                     {"version", static_cast<unsigned>(t.protocol)}, {"id", t.spec.id}, {"scope", t.spec.scope_count}, {"fields", fields}};
        out += (out.size() > 2 ? ",\n" : "") + j.dump();
    }
    return out + "\n]\n";
}

std::vector<StoredTemplate> templates_from_json(std::string_view text, std::string& warning) {
    std::vector<StoredTemplate> out;
    const Json all = text.size() > kMaxFile ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
    if (!all.is_array()) {
        warning = "is no list of templates";
        return out;
    }
    std::size_t refused = 0;
    for (const Json& j : all) {
        StoredTemplate t;
        if (out.size() < kMaxTemplates && read_one(j, t)) out.push_back(std::move(t));
        else ++refused;
    }
    if (refused > 0) warning = std::to_string(refused) + " templates make no sense and were left out";
    return out;
}

Result<void> write_templates(const fs::path& folder, const std::vector<StoredTemplate>& templates) {
    std::error_code error;
    fs::create_directories(folder, error);
    const sandbox::OutputFolder place(folder);
    const std::string name = file_of(folder).filename().string(), next = name + ".part";
    std::FILE* const out = place.create(next);
    const std::string text = templates_to_json(templates);
    bool done = out != nullptr && std::fwrite(text.data(), 1, text.size(), out) == text.size();
    done = out != nullptr && std::fclose(out) == 0 && done;
    if (!done || !place.rename(next, name))
        return fail(ExitCode::failure, "--state " + folder.string() + ": cannot be written: " + std::strerror(errno));
    return {};
}

std::vector<StoredTemplate> read_templates(const fs::path& folder, std::string& warning) {
    std::ifstream in(file_of(folder), std::ios::binary);
    if (!in) return {};  // the first run
    std::string text(kMaxFile + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    auto out = templates_from_json(text, warning);
    if (!warning.empty()) warning = file_of(folder).string() + ": " + warning;
    return out;
}

}  // namespace voipprobe::collector
