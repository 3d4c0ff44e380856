//! Reads what each option means from the doc comments of the configuration's structs, so that it stands in one place: there.
//!
//! Writes `option_docs.rs`: for each section its name and documentation, and for each of its options the name, the type as
//! written, the documentation, and the choices of an enum with theirs.

use std::{collections::BTreeMap, env, fmt::Write as _, fs, path::Path};

use syn::{Attribute, Expr, Fields, Item, ItemEnum, ItemStruct, Lit, Meta, Type};

const FOLDER: &str = "src/config";

fn main() {
    println!("cargo:rerun-if-changed={FOLDER}");
    println!("cargo:rerun-if-changed=build.rs");
    let (mut structs, mut enums) = (BTreeMap::new(), BTreeMap::new());
    read(Path::new(FOLDER), &mut structs, &mut enums);
    let settings: &ItemStruct = structs.get("Settings").expect("src/config has a struct Settings");

    let mut written = String::from("[\n");
    for section in &settings.fields {
        let Some(options) = structs.get(&name_of(&section.ty)) else { continue };
        let (name, doc) = (ident(section.ident.as_ref()), doc_of(&section.attrs));
        write!(written, "SectionDoc {{ name: {name:?}, doc: {doc:?}, options: &[").expect("a string takes it");
        for option in &options.fields {
            let (key, doc) = (ident(option.ident.as_ref()), doc_of(&option.attrs));
            let (kind, choices) =
                (name_of(&option.ty), enums.get(&name_of(&option.ty)).map(choices).unwrap_or_default());
            write!(written, "OptionDoc {{ key: {key:?}, kind: {kind:?}, doc: {doc:?}, choices: &{choices:?} }},")
                .expect("a string takes it");
        }
        written.push_str("] },\n");
    }
    written.push_str("]\n");
    let target = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&target).join("option_docs.rs"), written).expect("OUT_DIR can be written");
}

/// Collects the structs and enums of all files below `folder`.
fn read(folder: &Path, structs: &mut BTreeMap<String, ItemStruct>, enums: &mut BTreeMap<String, ItemEnum>) {
    for entry in fs::read_dir(folder).expect("the configuration's folder") {
        let path = entry.expect("an entry of the folder").path();
        if path.is_dir() {
            read(&path, structs, enums);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            // What cannot be parsed is told by the compiler itself.
            let Ok(file) = syn::parse_file(&text) else { continue };
            for item in file.items {
                match item {
                    Item::Struct(item) if matches!(item.fields, Fields::Named(_)) => {
                        structs.insert(item.ident.to_string(), item);
                    }
                    Item::Enum(item) => {
                        enums.insert(item.ident.to_string(), item);
                    }
                    _ => {}
                }
            }
        }
    }
}

/// The innermost type: `Url` of `Option<Url>`, `Vec` of a list.
fn name_of(kind: &Type) -> String {
    let Type::Path(path) = kind else { return String::new() };
    let Some(last) = path.path.segments.last() else { return String::new() };
    if last.ident == "Option"
        && let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(syn::GenericArgument::Type(inner)) = arguments.args.first()
    {
        return name_of(inner);
    }
    last.ident.to_string()
}

/// The variants as they are written in a configuration (`snake_case`), each with its documentation.
fn choices(item: &ItemEnum) -> Vec<(String, String)> {
    let snake = |name: String| {
        let mut written = String::new();
        for (place, letter) in name.chars().enumerate() {
            if letter.is_uppercase() && place > 0 {
                written.push('_');
            }
            written.extend(letter.to_lowercase());
        }
        written
    };
    item.variants.iter().map(|variant| (snake(variant.ident.to_string()), doc_of(&variant.attrs))).collect()
}

/// The doc comment in one line.
fn doc_of(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join(" ").trim().to_owned()
}

fn ident(ident: Option<&syn::Ident>) -> String {
    ident.map(ToString::to_string).unwrap_or_default()
}
