//! A hash table in which what is looked for lies where its hash says.

/// The fewest places there are, once there is a value.
const MIN_COUNT: usize = 8;

/// Values by their hash, with linear probing. Whoever looks for one of a million waits for memory and for little else: once for the place,
/// which holds the hash and the value (and then for what the value points to), where a table with its tags apart would have it wait twice.
pub(super) struct Table<T> {
    /// None, or a power of two, of which at most three quarters are taken.
    places: Vec<Option<Entry<T>>>,
    taken: usize,
}

struct Entry<T> {
    hash: u64,
    value: T,
}

impl<T> Table<T> {
    pub(super) fn len(&self) -> usize {
        self.taken
    }

    /// How many places there are, taken or free.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn places(&self) -> usize {
        self.places.len()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.places.iter().flatten().map(|entry| &entry.value)
    }

    pub(super) fn find(&self, hash: u64, is_it: impl Fn(&T) -> bool) -> Option<&T> {
        self.places.get(self.place(hash, is_it)?)?.as_ref().map(|entry| &entry.value)
    }

    pub(super) fn find_mut(&mut self, hash: u64, is_it: impl Fn(&T) -> bool) -> Option<&mut T> {
        self.at_mut(self.place(hash, is_it)?)
    }

    /// What lies in this place.
    pub(super) fn at_mut(&mut self, place: usize) -> Option<&mut T> {
        self.places.get_mut(place)?.as_mut().map(|entry| &mut entry.value)
    }

    /// Adds a value that is not there yet.
    pub(super) fn insert(&mut self, hash: u64, value: T) {
        self.taken += 1;
        if self.taken > self.places.len() / 4 * 3 {
            let more = (self.places.len() * 2).max(MIN_COUNT);
            let before =
                std::mem::replace(&mut self.places, std::iter::repeat_with(|| None).take(more).collect());
            before.into_iter().flatten().for_each(|entry| self.put(entry));
        }
        self.put(Entry { hash, value });
    }

    fn put(&mut self, entry: Entry<T>) {
        let free = self.way(entry.hash).find(|place| matches!(self.places.get(*place), Some(None)));
        debug_assert!(free.is_some(), "a quarter of the places is free");
        if let Some(place) = free.and_then(|place| self.places.get_mut(place)) {
            *place = Some(entry);
        }
    }

    pub(super) fn remove(&mut self, hash: u64, is_it: impl Fn(&T) -> bool) -> Option<T> {
        self.take(self.place(hash, is_it)?)
    }

    /// Takes out what lies in this place. What had to lie further on because of it may move up.
    pub(super) fn take(&mut self, place: usize) -> Option<T> {
        let taken = self.places.get_mut(place)?.take()?;
        self.taken -= 1;
        let (mut gap, last) = (place, self.last());
        let followers = (1..self.places.len()).map(|step| place.wrapping_add(step) & last);
        for place in followers {
            let Some(Some(entry)) = self.places.get(place) else { break };
            let from_start = |to: usize| to.wrapping_sub(start(entry.hash)) & last;
            if from_start(gap) < from_start(place) {
                self.places.swap(gap, place);
                gap = place;
            }
        }
        Some(taken.value)
    }

    fn place(&self, hash: u64, is_it: impl Fn(&T) -> bool) -> Option<usize> {
        for place in self.way(hash) {
            match self.places.get(place)? {
                Some(entry) if entry.hash == hash && is_it(&entry.value) => return Some(place),
                Some(_) => {}
                None => return None,
            }
        }
        None
    }

    /// The places where a value of this hash may lie, in the order in which they are tried.
    fn way(&self, hash: u64) -> impl Iterator<Item = usize> + use<T> {
        let last = self.last();
        (0..self.places.len()).map(move |step| start(hash).wrapping_add(step) & last)
    }

    /// The number of the last place, whose bits are all ones.
    fn last(&self) -> usize {
        self.places.len().wrapping_sub(1)
    }
}

/// Where a hash would lie in a table without end. Of its bits the upper half is left for choosing among tables.
fn start(hash: u64) -> usize {
    usize::try_from(hash & u64::from(u32::MAX)).unwrap_or_default()
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { places: Vec::new(), taken: 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rand::{RngExt as _, SeedableRng as _, rngs::SmallRng};

    use super::*;

    /// Hashes that meet and that wrap around the end of the table.
    fn hash(key: u64) -> u64 {
        u64::from(u32::MAX) - key % 5
    }

    #[test]
    fn it_holds_what_a_map_holds() {
        for spread in [hash, |key: u64| key.wrapping_mul(0x9e37_79b9_7f4a_7c15)] {
            let (mut table, mut map) = (Table::default(), BTreeMap::new());
            let mut random = SmallRng::seed_from_u64(1);
            for round in 0..4_000 {
                let key = random.random_range(0..60_u64);
                let is_it = |entry: &(u64, i32)| entry.0 == key;
                if random.random() {
                    match table.find_mut(spread(key), is_it) {
                        Some(entry) => entry.1 = round,
                        None => table.insert(spread(key), (key, round)),
                    }
                    map.insert(key, round);
                } else {
                    let removed = table.remove(spread(key), is_it).map(|(_, value)| value);
                    assert_eq!(removed, map.remove(&key), "round {round}");
                }
                assert_eq!(table.len(), map.len(), "round {round}");
                for key in 0..60 {
                    let found = table.find(spread(key), |entry| entry.0 == key).map(|entry| entry.1);
                    assert_eq!(found, map.get(&key).copied(), "{key} in round {round}");
                }
            }
            let mut values: Vec<_> = table.values().copied().collect();
            values.sort_unstable();
            assert_eq!(values, map.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_empty_one_has_nothing() {
        let mut table = Table::<u8>::default();
        assert!(table.find(1, |_| true).is_none() && table.remove(1, |_| true).is_none());
        assert!(table.at_mut(0).is_none() && table.take(0).is_none() && table.values().next().is_none());
    }

    #[test]
    fn whatever_is_taken_by_place_leaves_the_others_to_be_found() {
        for place in 0..MIN_COUNT {
            let mut table = Table::default();
            for key in 0..6_u64 {
                table.insert(hash(key), key);
            }
            let taken = table.take(place);
            for key in 0..6 {
                assert_eq!(table.find(hash(key), |found| *found == key).is_some(), taken != Some(key));
            }
        }
    }
}
