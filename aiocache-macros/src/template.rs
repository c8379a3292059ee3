//! Key templates: `"user:{id}"` into its parts.

use syn::{LitStr, Member};

/// A template, split.
#[derive(Debug)]
pub(crate) struct Template {
    /// The user's literal, for spans.
    pub(crate) literal: LitStr,
    /// Text and fields in order.
    pub(crate) parts: Vec<Part>,
    /// Every ASCII punctuation character of the template's own text, once each: what a field's value must not contain
    /// unescaped.
    pub(crate) punctuation: String,
}

/// One piece of a template.
#[derive(Debug)]
pub(crate) enum Part {
    /// Text as it stands in the key.
    Text(String),
    /// `{name}` or `{name.member}`.
    Field(Field),
}

/// An argument, or a place inside one.
#[derive(Debug)]
pub(crate) struct Field {
    /// The argument's name, without `r#`.
    pub(crate) name: String,
    /// The members that follow it.
    pub(crate) members: Vec<Member>,
}

impl Field {
    /// As written between the braces.
    pub(crate) fn written(&self) -> String {
        self.members
            .iter()
            .fold(self.name.clone(), |text, member| match member {
                Member::Named(name) => format!("{text}.{name}"),
                Member::Unnamed(index) => format!("{text}.{}", index.index),
            })
    }
}

impl Template {
    /// Splits the text of `literal`.
    ///
    /// # Errors
    ///
    /// At the literal, if a brace has no partner, a field is not a place, or nothing separates two fields.
    pub(crate) fn parse(literal: LitStr) -> syn::Result<Self> {
        let parts = split(&literal.value()).map_err(|message| syn::Error::new(literal.span(), message))?;
        let punctuation = punctuation(&parts);
        let template = Self {
            literal,
            parts,
            punctuation,
        };
        template
            .check()
            .map_err(|message| syn::Error::new(template.literal.span(), message))?;
        Ok(template)
    }

    /// The fields in order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.parts.iter().filter_map(|part| match part {
            Part::Field(field) => Some(field),
            Part::Text(_) => None,
        })
    }

    fn check(&self) -> Result<(), String> {
        if self.parts.is_empty() {
            return Err("the key is empty; write a template like \"user:{id}\"".to_owned());
        }
        let mut before: Option<&Field> = None;
        let mut separated = true;
        for part in &self.parts {
            match part {
                Part::Text(text) => separated |= text.contains(|c: char| c.is_ascii_punctuation()),
                Part::Field(field) => {
                    if let Some(before) = before.filter(|_| !separated) {
                        let (a, b) = (before.written(), field.written());
                        return Err(format!(
                            "nothing separates `{{{a}}}` from `{{{b}}}`, so different arguments could make the same key; \
                             put a punctuation character between them, like \"{{{a}}}:{{{b}}}\""
                        ));
                    }
                    (before, separated) = (Some(field), false);
                }
            }
        }
        Ok(())
    }
}

fn punctuation(parts: &[Part]) -> String {
    let mut found = String::new();
    for part in parts {
        let Part::Text(text) = part else { continue };
        for c in text.chars().filter(char::is_ascii_punctuation) {
            if !found.contains(c) {
                found.push(c);
            }
        }
    }
    found
}

fn split(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        plain.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        let after = &rest[at + 1..];
        if let Some(after) = after.strip_prefix(brace) {
            plain.push_str(brace);
            rest = after;
        } else if brace == "}" {
            return Err(
                "this key has a `}` without a `{`; a brace that is part of the key is written twice: `}}`"
                    .to_owned(),
            );
        } else {
            let Some(end) = after.find('}') else {
                return Err(
                    "this key has a `{` that is not closed; a brace that is part of the key is written twice: `{{`".to_owned()
                );
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Field(field(&after[..end])?));
            rest = &after[end + 1..];
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    Ok(parts)
}

fn field(written: &str) -> Result<Field, String> {
    let refuse = || {
        format!(
            "`{{{written}}}` is not a field; between braces stands an argument or a field of one, \
             like `{{id}}`, `{{user.id}}`, `{{self.tenant}}` or `{{pair.0}}`"
        )
    };
    let mut names = written.trim().split('.');
    let name = names.next().unwrap_or_default();
    let name = name.strip_prefix("r#").unwrap_or(name);
    if !is_name(name) {
        return Err(refuse());
    }
    let members = names.map(|member| match syn::parse_str::<Member>(member) {
        Ok(parsed) => Ok(parsed),
        Err(_) => Err(refuse()),
    });
    Ok(Field {
        name: name.to_owned(),
        members: members.collect::<Result<_, _>>()?,
    })
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::Span;

    fn parse(text: &str) -> Result<String, String> {
        let template =
            Template::parse(LitStr::new(text, Span::call_site())).map_err(|error| error.to_string())?;
        let parts = template.parts.iter().map(|part| match part {
            Part::Text(text) => format!("[{text}]"),
            Part::Field(field) => field.written(),
        });
        Ok(format!("{} {}", parts.collect::<String>(), template.punctuation))
    }

    #[test]
    fn text_and_fields_are_split_and_punctuation_is_collected_once() {
        for (text, expected) in [
            ("user:{id}:x:", "[user:]id[:x:] :"),
            ("{a}/{b.c.0}-{r#d}", "a[/]b.c.0[-]d /-"),
            ("{{{id}}}", "[{]id[}] {}"),
            ("é:{ id }", "[é:]id :"),
            ("settings", "[settings] "),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_template_says_why() {
        for (text, reason) in [
            ("", "empty"),
            ("{id", "not closed"),
            ("id}", "without a `{`"),
            ("{}", "not a field"),
            ("{a b}", "not a field"),
            ("{a.b()}", "not a field"),
            ("{0}", "not a field"),
            ("{a}{b}", "nothing separates `{a}` from `{b}`"),
            ("{a} and {b}", "nothing separates"),
            ("x:{a}é{b}", "nothing separates"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
